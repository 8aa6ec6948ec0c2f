import { createHash } from 'node:crypto';
import { sha256Of, sizeOf } from './github-bytes.ts';
import type { Content } from './github-bytes.ts';

export interface TokenSpec {
  readonly login: string;
  /** An installation's token is a GitHub App's: `/user` is not for it. */
  readonly type?: 'User' | 'Installation';
  /** What it may do; by default everything everywhere. A private repository that is not named does not exist for it. */
  readonly access?: 'read' | 'write' | Readonly<Record<string, 'read' | 'write'>>;
}

export interface AssetSpec {
  readonly name: string;
  readonly content: Content;
  /** Default: computed from the content. Null as for files older than June 2025. */
  readonly digest?: string | null;
  /** What the API declares, where that is not the content's size. */
  readonly size?: number;
  readonly state?: string;
  readonly uploader?: string;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
  readonly contentType?: string;
}

export interface ReleaseSpec {
  readonly tag: string;
  readonly name?: string;
  readonly body?: string;
  readonly assets?: readonly AssetSpec[];
  readonly draft?: boolean;
  readonly prerelease?: boolean;
  readonly immutable?: boolean;
  readonly createdAt?: Date;
  readonly publishedAt?: Date;
  readonly author?: string;
  /** The commit that the tag points to; made up by default. */
  readonly commit?: string;
  /** How many tag objects lie between the tag and the commit. */
  readonly annotated?: number;
}

export interface TestAsset {
  id: number;
  name: string;
  content: Content;
  digest: string | null;
  size: number;
  state: string;
  uploader: string;
  createdAt: Date;
  updatedAt: Date;
  contentType: string;
}

export interface TestPull {
  id: number;
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  author: string;
  headRef: string;
  /** Where the branch lies; another repository than the base's is a fork, undefined a deleted one. */
  headRepository: TestRepository | undefined;
  baseRef: string;
  /** Frozen when it is closed; while open the branch says. */
  headSha: string;
  baseSha: string;
  mergeSha: string | null;
  mergedAt: Date | null;
  closedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface TestIssue {
  id: number;
  number: number;
  title: string;
  body: string | null;
  state: 'open' | 'closed';
  labels: string[];
  author: string;
  /** What the author is to the repository; default: MEMBER. */
  association?: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface TestComment {
  id: number;
  issue: number;
  body: string;
  author: string;
  /** What the author is to the repository; default: MEMBER. */
  association?: string;
  createdAt: Date;
  updatedAt: Date;
}

/** An attestation that the API has for some digests (`sha256:…`). */
export interface TestAttestation {
  readonly digests: readonly string[];
  readonly bundle: object;
  /** Of another repository of the owner. */
  readonly repositoryId?: number;
  /** `elsewhere`: the answer has an address alone, as GitHub's for large ones. */
  readonly stored?: 'inline' | 'elsewhere';
  /** What lies at that address, where it isn't the bundle as snappy. */
  readonly bytes?: Buffer;
}

export interface GitPointer {
  readonly type: string;
  readonly sha: string;
}

let lastId = 1000;
/** Ids are distinct over all servers of a process, as GitHub's are over all repositories. */
export function nextId(): number {
  lastId += 1;
  return lastId;
}

export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** A release; what is assigned to it is what the API answers next. */
export class TestRelease {
  readonly id = nextId();
  readonly createdAt: Date;
  tag: string;
  name: string | null;
  body: string;
  draft: boolean;
  prerelease: boolean;
  immutable: boolean;
  publishedAt: Date | null;
  author: string;
  assets: TestAsset[] = [];

  constructor(spec: ReleaseSpec) {
    this.tag = spec.tag;
    this.name = spec.name ?? spec.tag;
    this.body = spec.body ?? '';
    this.draft = spec.draft ?? false;
    this.prerelease = spec.prerelease ?? false;
    this.immutable = spec.immutable ?? false;
    this.createdAt = spec.createdAt ?? new Date();
    this.publishedAt = this.draft ? null : (spec.publishedAt ?? this.createdAt);
    this.author = spec.author ?? 'octocat';
  }

  async addAsset(spec: AssetSpec): Promise<TestAsset> {
    const size = await sizeOf(spec.content);
    const createdAt = spec.createdAt ?? this.publishedAt ?? this.createdAt;
    const asset = {
      id: nextId(),
      name: spec.name,
      content: spec.content,
      digest: spec.digest === undefined ? `sha256:${await sha256Of(spec.content)}` : spec.digest,
      size: spec.size ?? size,
      state: spec.state ?? 'uploaded',
      uploader: spec.uploader ?? this.author,
      createdAt,
      updatedAt: spec.updatedAt ?? createdAt,
      contentType: spec.contentType ?? 'application/octet-stream',
    };
    this.assets.push(asset);
    return asset;
  }

  asset(name: string): TestAsset {
    const asset = this.assets.find((one) => one.name === name);
    if (asset === undefined) throw new Error(`${this.tag} has no asset ${name}`);
    return asset;
  }

  removeAsset(name: string): void {
    this.assets = this.assets.filter((asset) => asset.name !== name);
  }

  /** As upstream does it: delete and upload again, which gives another id and another date. */
  async replaceAsset(name: string, content: Content, spec: Partial<AssetSpec> = {}): Promise<TestAsset> {
    const { uploader, contentType } = this.asset(name);
    this.removeAsset(name);
    return this.addAsset({ name, content, uploader, contentType, createdAt: new Date(), ...spec });
  }
}

/** A repository; what is assigned to it is what the API answers next. */
export class TestRepository {
  id = nextId();
  owner: string;
  name: string;
  private: boolean;
  defaultBranch = 'main';
  /** The bare repository on disk that git and pull requests work on. */
  readonly git: string | undefined;
  /** The repository that this is a fork of. */
  readonly parent: TestRepository | undefined;
  readonly createdAt = new Date();
  readonly tags = new Map<string, GitPointer>();
  readonly tagObjects = new Map<string, GitPointer & { readonly tag: string }>();
  releases: TestRelease[] = [];
  pulls: TestPull[] = [];
  issues: TestIssue[] = [];
  comments: TestComment[] = [];
  /** Checks that passed, by commit. */
  readonly checks = new Map<string, Set<string>>();
  /** What the default branch asks of pull requests, with `strict`. */
  protected: { readonly checks: readonly string[] } | undefined;
  /** Runs between a merge's request and the merge: what others do at that moment. */
  beforeMerge: (() => Promise<void> | void) | undefined;
  attestations: TestAttestation[] = [];

  constructor(
    fullName: string,
    { isPrivate, git, parent }: { isPrivate: boolean; git: string | undefined; parent?: TestRepository },
  ) {
    const [owner, name] = fullName.split('/');
    if (owner === undefined || name === undefined) throw new Error(`not owner/repo: ${fullName}`);
    this.owner = owner;
    this.name = name;
    this.private = isPrivate;
    this.git = git;
    this.parent = parent;
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`;
  }

  async addRelease(spec: ReleaseSpec): Promise<TestRelease> {
    const release = new TestRelease(spec);
    for (const asset of spec.assets ?? []) await release.addAsset(asset);
    this.releases.push(release);
    if (!this.tags.has(spec.tag) && !release.draft) this.setTag(spec.tag, spec.commit, spec.annotated);
    return release;
  }

  removeRelease(tag: string): void {
    this.releases = this.releases.filter((release) => release.tag !== tag);
  }

  /** Points the tag to the commit, through as many tag objects as `annotated` says. */
  setTag(tag: string, commit = sha1(`${this.fullName} ${tag}`), annotated = 0): string {
    let pointer: GitPointer = { type: 'commit', sha: commit };
    for (let depth = 0; depth < annotated; depth += 1) {
      const sha = sha1(`tag ${String(depth)} ${tag} ${pointer.sha}`);
      this.tagObjects.set(sha, { ...pointer, tag });
      pointer = { type: 'tag', sha };
    }
    this.tags.set(tag, pointer);
    return commit;
  }

  /** Numbers are shared by issues and pull requests. */
  nextNumber(): number {
    return Math.max(0, ...this.pulls.map(({ number }) => number), ...this.issues.map(({ number }) => number)) + 1;
  }

  /** The newest release that is neither a draft nor a prerelease, as `/releases/latest` has it. */
  latest(): TestRelease | undefined {
    return newestFirst(this.releases.filter(({ draft, prerelease }) => !draft && !prerelease))[0];
  }
}

export function newestFirst(releases: readonly TestRelease[]): TestRelease[] {
  return [...releases].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || b.id - a.id);
}
