import { z } from 'zod';
import { isLoopback } from '../io/http/url.ts';

/**
 * What is read of the API's answers; the rest is not looked at. Every string has a bound, every number is a safe
 * integer. Names and texts are still hostile: they are escaped where they are shown.
 */
const id = z.int().positive();
const text = (limit: number) => z.string().max(limit);
const date = z.iso
  .datetime({ offset: true })
  .max(64)
  .transform((value) => new Date(value));
const oid = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const login = z
  .object({ login: text(255) })
  .nullish()
  .transform((user) => user?.login);
/** Absent and null are the same to us. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/** A host that bytes may come from: https, or http on loopback; never with a password in it. */
const webAddress = text(4096).refine(isWebAddress, 'not an https address');

export const repositorySchema = z.object({
  id,
  full_name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9._-]{1,100}$/),
  private: z.boolean(),
  clone_url: webAddress,
  default_branch: text(255),
  /** `Organization`, `User`. */
  owner: z
    .object({ type: text(64).optional() })
    .nullish()
    .transform((owner) => owner?.type),
});

export const assetSchema = z.object({
  id,
  name: text(1024).min(1),
  size: z.int().nonnegative(),
  state: text(64),
  digest: optional(text(256)),
  created_at: date,
  updated_at: date,
  uploader: login,
  url: text(4096),
  browser_download_url: webAddress,
});

export const releaseSchema = z.object({
  id,
  tag_name: text(1024).min(1),
  draft: z.boolean(),
  prerelease: z.boolean(),
  published_at: optional(date),
  immutable: optional(z.boolean()),
  author: login,
  html_url: text(4096),
  assets: z.array(assetSchema).max(10_000),
});

/** git/ref/tags/TAG, and git/tags/SHA: what is pointed to. */
export const gitPointerSchema = z.object({ object: z.object({ type: text(16), sha: oid }) });

export const pullSchema = z.object({
  id,
  number: id,
  title: text(4096),
  body: optional(text(1_000_000)),
  state: z.enum(['open', 'closed']),
  merged_at: optional(date),
  merge_commit_sha: optional(oid),
  /** Only where one is asked for. */
  mergeable_state: optional(text(64)),
  html_url: text(4096),
  head: z.object({ ref: text(1024), label: optional(text(1100)), sha: oid, repo: optional(z.object({ id })) }),
  base: z.object({ ref: text(1024), repo: z.object({ id }) }),
  user: login,
});

export const mergeSchema = z.object({ sha: oid, merged: z.boolean() });

/** 202: it goes on after the answer. */
export const acceptedSchema = z.object({ message: optional(text(4096)) });
export const checkRunSchema = z.object({ id });

export const commentSchema = z.object({
  id,
  body: optional(text(1_000_000)),
  user: login,
  /** OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE and others. */
  author_association: optional(text(32)),
  html_url: text(4096),
});

export const issueSchema = commentSchema.extend({
  number: id,
  title: text(4096),
  state: text(16),
  created_at: optional(date),
  /** There for pull requests, which the list of issues holds too. */
  pull_request: optional(z.object({})),
});

const attestationSchema = z.object({
  repository_id: optional(id),
  /** Read by evidence/, whatever it is. */
  bundle: z.unknown(),
  bundle_url: optional(webAddress),
});
const attestationList = z.array(attestationSchema).max(10_000);

export const attestationsSchema = z.object({ attestations: attestationList });

const bySubject = z.record(text(256), attestationList.nullable());
export const bulkAttestationsSchema = z.object({
  attestations_subject_digests: optional(z.union([bySubject, z.array(bySubject).max(1024)])),
  page_info: optional(z.object({ has_next: optional(z.boolean()), next: optional(text(4096)) })),
});

export const userSchema = z.object({ login: text(255).min(1) });
/** GraphQL answers 200 to errors too, without data. */
export const viewerSchema = z.object({ data: optional(z.object({ viewer: optional(userSchema) })) });

export type AttestationAnswer = z.infer<typeof attestationSchema>;
export type AssetAnswer = z.infer<typeof assetSchema>;
export type ReleaseAnswer = z.infer<typeof releaseSchema>;
export type PullAnswer = z.infer<typeof pullSchema>;
export type CommentAnswer = z.infer<typeof commentSchema>;
export type IssueAnswer = z.infer<typeof issueSchema>;

function isWebAddress(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
