/** What this program reads of GitHub's answers: checked and bounded by github/, and still to be escaped when shown. */
export interface Repository {
  readonly id: number;
  /** `owner/repo` as the API spells it. */
  readonly fullName: string;
  readonly private: boolean;
  readonly cloneUrl: string;
  readonly defaultBranch: string;
  /** `Organization` or `User`; undefined where the API doesn't say. */
  readonly ownerType?: string | undefined;
}

export interface Asset {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** `uploaded`, or something that isn't finished (`starter`, `open`). */
  readonly state: string;
  /** Lower-case hex of GitHub's own `digest` where it is `sha256:…`, else undefined. */
  readonly sha256: string | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly uploader: string | undefined;
  /** The asset in the API; with `Accept: application/octet-stream` its bytes (302 to a storage host). */
  readonly apiUrl: string;
  readonly browserUrl: string;
}

export interface Release {
  readonly id: number;
  readonly tag: string;
  readonly draft: boolean;
  readonly prerelease: boolean;
  /** Undefined for a draft. */
  readonly publishedAt: Date | undefined;
  readonly immutable: boolean | undefined;
  readonly author: string | undefined;
  readonly htmlUrl: string;
  /** All assets: where the embedded list may be cut off, the paged list was read. */
  readonly assets: readonly Asset[];
  /** A 304 confirmed the answer of an earlier run; a name that went to another repository is never that. */
  readonly unchanged?: boolean;
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly state: 'open' | 'closed';
  readonly merged: boolean;
  readonly htmlUrl: string;
  /** The branch's name and its commit, and the repository that it lies in (undefined: a deleted fork). */
  readonly headRef: string;
  readonly headSha: string;
  readonly headRepositoryId: number | undefined;
  readonly baseRef: string;
  /** Where it is to be merged; a head repository of another id is a fork. */
  readonly baseRepositoryId: number;
  readonly author: string | undefined;
  /** The commit that merged it. */
  readonly mergeSha: string | undefined;
}

/** The header for one origin (scheme, host, port), and for no other. */
export interface Authorization {
  readonly origin: string;
  readonly value: string;
}
