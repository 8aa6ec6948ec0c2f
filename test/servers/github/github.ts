import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGitHandler, isGitRequest } from '../git.ts';
import type { GitRequest } from '../git.ts';
import { GitHubApi, send } from './github-api.ts';
import { GitHubFaults } from './github-faults.ts';
import type { ReceivedRequest } from './github-faults.ts';
import { GitHubJson } from './github-json.ts';
import type { TestRepository, TokenSpec } from './github-model.ts';
import { refreshPulls } from './github-pull-routes.ts';
import { browserDownload } from './github-release-routes.ts';
import { GitHubState, NOT_FOUND } from './github-state.ts';
import { GitHubStorage } from './github-storage.ts';

export type { Content } from './github-bytes.ts';
export type { ApiFault, BytesFault, GitHubFaults, ReceivedRequest } from './github-faults.ts';
export type * from './github-model.ts';

export interface GitHubServerOptions {
  /** GitHub Enterprise Server: the API lies under `/api/v3`. */
  readonly enterprise?: boolean;
  /** The web (downloads for people, git) on an origin of its own, as github.com is another than api.github.com. */
  readonly separateWeb?: boolean;
  /** How it calls itself in its answers, where something before it gives it names; each an origin. */
  readonly names?: { readonly api?: string; readonly web?: string; readonly storage?: string };
  /** The tokens that are known, by their text. An unknown one is a 401. */
  readonly tokens?: Record<string, TokenSpec>;
}

export interface RepositoryOptions {
  readonly private?: boolean;
  /** A bare repository on disk: git at `/OWNER/REPO.git`, and pull requests. */
  readonly git?: string;
  readonly forkOf?: TestRepository;
}

/** A GitHub on loopback. */
export interface GitHubServer {
  /** The API's base, for `[source] api`. */
  readonly api: string;
  /** Where people and git go. */
  readonly web: string;
  readonly storage: string;
  /** An origin that is nobody's; what it receives went where it shouldn't. */
  readonly elsewhere: string;
  readonly faults: GitHubFaults;
  /** Everything that was received, in order. */
  readonly requests: readonly ReceivedRequest[];
  addRepository(fullName: string, options?: RepositoryOptions): TestRepository;
  /** The repository of that name. */
  repository(fullName: string): TestRepository;
  /** The old name redirects from now on, until another repository takes it. */
  rename(repository: TestRepository, fullName: string): void;
  removeRepository(repository: TestRepository): void;
  addToken(token: string, spec: TokenSpec): void;
  /** Releases embed at most this many assets. */
  embedAssets(limit: number): void;
  /** What it has of attestations from now on; an Enterprise Server has none. */
  offerAttestations(what: 'all' | 'no list' | 'none'): void;
  /** The requests since the last call. */
  takeRequests(): ReceivedRequest[];
  close(): Promise<void>;
}

/** Starts the servers on free ports of 127.0.0.1. */
export async function startGitHub(options: GitHubServerOptions = {}): Promise<GitHubServer> {
  const requests: ReceivedRequest[] = [];
  const faults = new GitHubFaults();
  const storage = new GitHubStorage(faults);
  const handlers: Partial<Record<ReceivedRequest['server'], Handler>> = {};
  const servers: Server[] = [];
  const start = async (name: ReceivedRequest['server']): Promise<string> => {
    const server = createServer((request, response) => {
      void receive(name, request, response, { requests, handler: handlers[name] });
    });
    servers.push(server);
    return listen(server);
  };
  const origins = { api: await start('api'), storage: await start('storage'), elsewhere: await start('elsewhere') };
  const web = options.separateWeb === true ? await start('web') : origins.api;
  const prefix = options.enterprise === true ? '/api/v3' : '';
  const api = `${origins.api}${prefix}`;
  const names = { api: `${options.names?.api ?? origins.api}${prefix}`, web: options.names?.web ?? web };
  storage.place({ origin: options.names?.storage ?? origins.storage, elsewhere: origins.elsewhere });
  const json = new GitHubJson(names);
  const state = new GitHubState({ faults, storage, json, tokens: options.tokens ?? {} });
  if (options.enterprise === true) state.attestations.offered = false;
  const onWeb = webHandler(state);
  handlers.storage = (request, response) => storage.serve(request, response);
  handlers.web = onWeb;
  handlers.api = apiHandler(state, new GitHubApi(state, names.api), {
    prefix,
    onWeb: options.separateWeb ? undefined : onWeb,
  });
  return {
    api,
    web,
    storage: origins.storage,
    elsewhere: origins.elsewhere,
    faults,
    requests,
    addRepository: (fullName, { private: isPrivate = false, git, forkOf } = {}) =>
      state.addRepository(fullName, { isPrivate, git, parent: forkOf }),
    repository: (fullName) => {
      const [owner = '', name = ''] = fullName.split('/');
      const repository = state.byName(owner, name);
      if (repository === undefined) throw new Error(`there is no ${fullName}`);
      return repository;
    },
    rename: (repository, fullName) => state.rename(repository, fullName),
    removeRepository: (repository) => state.removeRepository(repository),
    addToken: (token, spec) => void state.tokens.set(token, spec),
    embedAssets: (limit) => void (state.embeddedAssets = limit),
    offerAttestations: (what) =>
      void Object.assign(state.attestations, { offered: what !== 'none', bulk: what === 'all' }),
    takeRequests: () => requests.splice(0),
    close: async () => {
      await Promise.all(servers.map(stop));
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse, received: ReceivedRequest) => Promise<void> | void;

async function receive(
  server: ReceivedRequest['server'],
  request: IncomingMessage,
  response: ServerResponse,
  { requests, handler }: { requests: ReceivedRequest[]; handler: Handler | undefined },
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const received: ReceivedRequest = { server, method, url, headers, status: undefined };
  requests.push(received);
  response.on('finish', () => (received.status = response.statusCode));
  try {
    if (handler === undefined) response.writeHead(404).end('nobody is here\n');
    else await handler(request, response, received);
  } catch (error) {
    // A client that left is nothing to speak of; anything else is a defect of the server.
    if (!request.destroyed) process.emitWarning(error instanceof Error ? error : String(error));
    response.destroy();
  }
}

function apiHandler(
  state: GitHubState,
  api: GitHubApi,
  { prefix, onWeb }: { prefix: string; onWeb: Handler | undefined },
): Handler {
  return async (request, response, received) => {
    await state.faults.runBefore(received);
    const url = new URL(received.url, 'http://localhost');
    if (onWeb !== undefined && isWeb(url)) return onWeb(request, response, received);
    const fault = state.faults.takeApi(received);
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'answer') {
      const { status, headers, body } = fault;
      return send(response, { status, headers: { 'content-type': 'application/json', ...headers }, body });
    }
    if (prefix !== '' && !url.pathname.startsWith(`${prefix}/`) && !url.pathname.startsWith('/api/graphql')) {
      return send(response, { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>Not Found</html>' });
    }
    if (url.pathname.startsWith(`${prefix}/`)) url.pathname = url.pathname.slice(prefix.length);
    const answer = await api.answer(request, url);
    if (fault === undefined) return send(response, answer);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': String(Buffer.byteLength(answer.body)) });
    response.write(answer.body.slice(0, answer.body.length / 2), () => setTimeout(() => request.socket.destroy(), 20));
  };
}

const DOWNLOAD = /^\/([^/]+)\/([^/]+)\/releases\/download\/(.+)\/([^/]+)$/;

function isWeb(url: URL): boolean {
  return isGitRequest(url.pathname) || DOWNLOAD.test(url.pathname);
}

/** Git, and the downloads that people use; a private one needs the token. */
function webHandler(state: GitHubState): Handler {
  const git = createGitHandler({ root: '', authorize: (asked) => authorizeGit(state, asked) });
  return async (request, response, received) => {
    const url = new URL(received.url, 'http://localhost');
    if (isGitRequest(url.pathname)) return git(request, response);
    const [, owner = '', name = '', tag = '', asset = ''] = (DOWNLOAD.exec(url.pathname) ?? []).map(decodeURIComponent);
    const repository = state.byName(owner, name);
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = token === undefined ? undefined : state.tokens.get(token);
    const visible = repository !== undefined && state.accessOf(caller, repository) !== 'none';
    const reply = visible ? browserDownload(state, repository, tag, asset) : NOT_FOUND;
    const headers: Record<string, string> = 'location' in reply ? { location: reply.location } : {};
    send(response, { status: 'status' in reply ? reply.status : 404, headers, body: '' });
  };
}

function authorizeGit(state: GitHubState, { repository: path, write, password }: GitRequest): number | string {
  const [owner = '', name = ''] = path.replace(/\.git$/, '').split('/');
  const repository = state.byName(owner, name) ?? state.byOldName(owner, name);
  const caller = password === undefined ? undefined : state.tokens.get(password);
  if (password !== undefined && caller === undefined) return 401;
  const access = repository === undefined ? 'none' : state.accessOf(caller, repository);
  if (caller === undefined && (write || access === 'none')) return 401;
  if (repository?.git === undefined || access === 'none') return 404;
  return write && access !== 'write' ? 403 : repository.git;
}

async function listen(server: Server): Promise<string> {
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** Brings the pull requests up to what git holds, as GitHub does after a push; tests may read them then. */
export { refreshPulls };
