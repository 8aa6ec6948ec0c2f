import type { z } from 'zod';
import { fail } from '../ledger-schema/error.ts';
import type { GitHubClient } from './client.ts';
import { splitRepository } from './names.ts';
import { attestationsSchema, bulkAttestationsSchema } from './schemas.ts';
import type { AttestationAnswer } from './schemas.ts';
import type { Repository } from './types.ts';

/** What the API has of one attestation: the bundle itself, or where it is. */
export interface Attestation {
  /** Anybody's JSON. */
  readonly bundle: unknown;
  /** On another host, with a credential of its own in its query; raw snappy. */
  readonly bundleUrl: string | undefined;
}

/** The most digests of one question. */
const DIGESTS = 1024;
/** Far more attestations than a release has. */
const MAX_PAGES = 10;

/**
 * The attestations of files by their SHA-256, those of this very repository alone: the list answers for a whole owner.
 * One request where the API has a list, else one a file; empty where it has neither. Docs: "List attestations by bulk
 * subject digests", "List attestations".
 */
export async function listAttestations(
  client: GitHubClient,
  repository: Repository,
  digests: readonly string[],
): Promise<Attestation[]> {
  const subjects = [...new Set(digests)].map((digest) => `sha256:${digest}`);
  const answers = (await bulkList(client, repository, subjects)) ?? (await eachDigest(client, repository, subjects));
  const found = new Map<string, Attestation>();
  for (const { repository_id: id, bundle, bundle_url: bundleUrl } of answers) {
    if (id !== repository.id) continue;
    const inline = typeof bundle === 'object' && bundle !== null;
    // An address has a new credential each time.
    const key = inline ? JSON.stringify(bundle) : (bundleUrl ?? '').replace(/\?.*$/s, '');
    if (inline || bundleUrl !== undefined) found.set(key, { bundle: inline ? bundle : undefined, bundleUrl });
  }
  return [...found.values()];
}

/** Undefined where the API has no such list. */
async function bulkList(
  client: GitHubClient,
  { fullName, ownerType }: Repository,
  subjects: readonly string[],
): Promise<AttestationAnswer[] | undefined> {
  const { owner } = splitRepository(fullName);
  const kind = ownerType === 'User' ? 'users' : 'orgs';
  const answers: AttestationAnswer[] = [];
  for (let from = 0; from < subjects.length; from += DIGESTS) {
    const asked = subjects.slice(from, from + DIGESTS);
    let after: string | undefined;
    for (let page = 1; ; page += 1) {
      const pages = after === undefined ? '{?per_page}' : '{?per_page,after}';
      const route = `POST /${kind}/{owner}/attestations/bulk-list${pages}`;
      const parameters = { owner, per_page: 100, subject_digests: asked, ...(after === undefined ? {} : { after }) };
      const options = { repeatable: true, refusals: [401, 403, 404, 405, 410] };
      const answer = await client.change(route, parameters, bulkAttestationsSchema, options);
      if ('refused' in answer) return undefined;
      const { attestations_subject_digests: lists, page_info: info } = answer.value;
      answers.push(...listed(lists, new Set(asked)));
      after = info?.has_next === true ? info.next : undefined;
      if (after === undefined) break;
      if (page === MAX_PAGES)
        fail('E_UPSTREAM_ANSWER', `${fullName} has more attestations of one release than any has`);
    }
  }
  return answers;
}

/** The schema has an object, the example of the documentation a list of them. */
function listed(
  lists: z.infer<typeof bulkAttestationsSchema>['attestations_subject_digests'],
  asked: ReadonlySet<string>,
) {
  const objects = Array.isArray(lists) ? lists : [lists ?? {}];
  return objects.flatMap((each) =>
    Object.entries(each).flatMap(([digest, answers]) => (asked.has(digest) ? (answers ?? []) : [])),
  );
}

async function eachDigest(
  client: GitHubClient,
  { fullName }: Repository,
  subjects: readonly string[],
): Promise<AttestationAnswer[]> {
  const answers: AttestationAnswer[] = [];
  for (const subject of subjects) {
    const route = 'GET /repos/{owner}/{repo}/attestations/{subject}';
    const parameters = { ...splitRepository(fullName), subject, per_page: 100 };
    const answer = await client.get(route, parameters, attestationsSchema);
    answers.push(...(answer?.value.attestations ?? []));
  }
  return answers;
}
