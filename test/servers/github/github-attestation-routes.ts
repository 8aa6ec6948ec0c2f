import snappy from 'snappyjs';
import { nextId } from './github-model.ts';
import type { TestAttestation, TestRepository } from './github-model.ts';
import type { Json } from './github-repository-json.ts';
import { NOT_FOUND, problem } from './github-state.ts';
import type { GitHubState, Reply, RouteCall } from './github-state.ts';

/** GitHub's own limit on digests of one question. */
const DIGESTS = 1024;

/** `GET /repos/OWNER/REPO/attestations/sha256:…`; 404 where there is none, as GitHub has it. */
export function attestationRoutes(state: GitHubState, { method, path, repository }: RouteCall): Reply | undefined {
  const [first, digest, ...rest] = path;
  if (method !== 'GET' || first !== 'attestations' || digest === undefined || rest.length > 0) return undefined;
  if (!state.attestations.offered) return NOT_FOUND;
  const found = repository.attestations.filter(({ digests }) => digests.includes(digest));
  if (found.length === 0) return NOT_FOUND;
  return { status: 200, json: { attestations: found.map((each) => render(state, repository, each)) } };
}

/** `POST /users/OWNER/attestations/bulk-list`: of all repositories of an owner. */
export function bulkAttestations(state: GitHubState, owner: string, body: Json): Reply {
  if (!state.attestations.bulk || !state.attestations.offered) return NOT_FOUND;
  const asked = body.subject_digests;
  if (!Array.isArray(asked) || asked.length === 0 || asked.length > DIGESTS) return problem(422, 'Invalid request.');
  const lists: Record<string, Json[]> = {};
  for (const repository of state.ownedBy(owner)) {
    for (const attestation of repository.attestations) {
      for (const digest of attestation.digests.filter((each) => asked.includes(each))) {
        (lists[digest] ??= []).push(render(state, repository, attestation));
      }
    }
  }
  return {
    status: 200,
    json: { attestations_subject_digests: lists, page_info: { has_next: false, has_previous: false } },
  };
}

function render(state: GitHubState, repository: TestRepository, attestation: TestAttestation): Json {
  const inline = attestation.stored !== 'elsewhere';
  return {
    repository_id: attestation.repositoryId ?? repository.id,
    bundle: inline ? attestation.bundle : null,
    bundle_url: state.storage.address(repository.id, stored(attestation)),
    initiator: 'user',
  };
}

const assets = new WeakMap<TestAttestation, ReturnType<typeof toAsset>>();

/** What the storage host has of it: raw snappy. */
function stored(attestation: TestAttestation) {
  const asset = assets.get(attestation) ?? toAsset(attestation);
  assets.set(attestation, asset);
  return asset;
}

function toAsset({ bundle, bytes }: TestAttestation) {
  const content = bytes ?? Buffer.from(snappy.compress(Buffer.from(JSON.stringify(bundle))));
  const now = new Date();
  return {
    id: nextId(),
    name: 'bundle.json.sn',
    content,
    digest: null,
    size: content.length,
    state: 'uploaded',
    uploader: 'github',
    createdAt: now,
    updatedAt: now,
    contentType: 'application/x-snappy',
  };
}
