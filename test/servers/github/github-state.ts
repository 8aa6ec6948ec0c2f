import type { GitHubFaults } from './github-faults.ts';
import type { GitHubJson } from './github-json.ts';
import { TestRepository } from './github-model.ts';
import type { TokenSpec } from './github-model.ts';
import type { Json } from './github-repository-json.ts';
import type { GitHubStorage } from './github-storage.ts';

export type Access = 'none' | 'read' | 'write';

/** Who asks: undefined without a token. */
export type Caller = TokenSpec | undefined;

/** What a route says: one thing, a list of which a page is sent, a redirect, or an error. */
export type Reply =
  | { readonly status: number; readonly json: Json }
  | { readonly items: readonly unknown[]; readonly render: (item: never) => Json }
  | { readonly status: number; readonly location: string };

/** A request below `/repos/OWNER/REPO` or `/repositories/ID`. */
export interface RouteCall {
  readonly method: string;
  /** The decoded segments after the repository. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json;
  readonly accept: string;
  readonly repository: TestRepository;
  readonly caller: Caller;
  readonly access: Access;
}

/** Everything that the servers share. */
export class GitHubState {
  readonly faults: GitHubFaults;
  readonly storage: GitHubStorage;
  readonly json: GitHubJson;
  readonly tokens: Map<string, TokenSpec>;
  /** How many assets a release embeds; GitHub, as far as anybody has seen, embeds all. */
  embeddedAssets = Infinity;
  /** Has it an API of attestations at all, and a list of many at once? */
  readonly attestations = { offered: true, bulk: true };
  readonly #byName = new Map<string, TestRepository>();
  readonly #byId = new Map<number, TestRepository>();
  readonly #oldNames = new Map<string, TestRepository>();

  constructor(parts: {
    faults: GitHubFaults;
    storage: GitHubStorage;
    json: GitHubJson;
    tokens: Record<string, TokenSpec>;
  }) {
    this.faults = parts.faults;
    this.storage = parts.storage;
    this.json = parts.json;
    this.tokens = new Map(Object.entries(parts.tokens));
  }

  addRepository(fullName: string, options: { isPrivate: boolean; git: string | undefined; parent?: TestRepository }) {
    const repository = new TestRepository(fullName, options);
    this.#byName.set(fullName.toLowerCase(), repository);
    this.#byId.set(repository.id, repository);
    return repository;
  }

  removeRepository(repository: TestRepository): void {
    this.#byName.delete(repository.fullName.toLowerCase());
    this.#byId.delete(repository.id);
  }

  rename(repository: TestRepository, fullName: string): void {
    const old = repository.fullName.toLowerCase();
    const [owner = '', name = ''] = fullName.split('/');
    repository.owner = owner;
    repository.name = name;
    this.#byName.delete(old);
    this.#oldNames.set(old, repository);
    this.#byName.set(fullName.toLowerCase(), repository);
  }

  byName(owner: string, name: string): TestRepository | undefined {
    return this.#byName.get(`${owner}/${name}`.toLowerCase());
  }

  ownedBy(owner: string): TestRepository[] {
    return [...this.#byId.values()].filter((one) => one.owner.toLowerCase() === owner.toLowerCase());
  }

  byId(id: number): TestRepository | undefined {
    return this.#byId.get(id);
  }

  forkOf(parent: TestRepository, owner: string): TestRepository | undefined {
    return [...this.#byId.values()].find((one) => one.parent === parent && one.owner === owner);
  }

  byOldName(owner: string, name: string): TestRepository | undefined {
    const repository = this.#oldNames.get(`${owner}/${name}`.toLowerCase());
    return repository === undefined ? undefined : this.byId(repository.id);
  }

  accessOf(caller: Caller, repository: TestRepository): Access {
    const least = repository.private ? 'none' : 'read';
    if (caller === undefined) return least;
    const { access = 'write' } = caller;
    return typeof access === 'string' ? access : (access[repository.fullName] ?? least);
  }
}

/** What GitHub's schemas know as another kind of error, without a status of its own. */
const WITHOUT_STATUS = new Set([405, 409, 422]);

/** An error as the API words it. */
export function problem(status: number, message: string, errors?: readonly Json[]): Reply {
  const json: Json = { message, documentation_url: 'https://docs.github.com/rest' };
  if (errors !== undefined) json.errors = errors;
  if (!WITHOUT_STATUS.has(status)) json.status = String(status);
  return { status, json };
}

export const NOT_FOUND = problem(404, 'Not Found');
