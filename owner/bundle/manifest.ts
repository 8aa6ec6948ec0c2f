import { z } from 'zod';
import { compareBytes, isSortedUnique } from '../../ledger-schema/bytes.ts';
import { fail } from '../../ledger-schema/error.ts';
import { canonicalJson, parseCanonical } from '../../ledger-schema/json.ts';
import type { CanonicalForm } from '../../ledger-schema/json.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);

const schema = z.strictObject({
  format: z.literal(1),
  base: commit.optional(),
  head: commit,
  policy: z.strictObject({ version: z.int().min(1).max(999_999_999), sha256: digest }),
  objects: z.array(z.strictObject({ sha256: digest, size: z.int().min(0) })),
});

/** bundle.json: what a bundle brings. None of it is trusted: anything that disagrees with what was verified is refused. */
export type Manifest = z.infer<typeof schema>;

/** A million objects, and some. */
export const MANIFEST_BYTES = 128 * 1024 * 1024;

const form: CanonicalForm<Manifest> = {
  schema,
  code: 'E_BUNDLE',
  what: 'bundle.json',
  limit: MANIFEST_BYTES,
  ordered: ({ format, base, head, policy, objects }) => ({
    format,
    ...(base === undefined ? {} : { base }),
    head,
    policy: { version: policy.version, sha256: policy.sha256 },
    objects: objects.map(({ sha256, size }) => ({ sha256, size })),
  }),
};

/** Throws `E_BUNDLE`, `E_TOO_LARGE`. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const manifest = parseCanonical(bytes, form);
  if (!isSortedUnique(manifest.objects.map(({ sha256 }) => sha256))) {
    fail('E_BUNDLE', 'the objects of bundle.json are not sorted, or one is listed twice');
  }
  return manifest;
}

/** The bytes of bundle.json; sorts the objects. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const objects = [...manifest.objects].sort((a, b) => compareBytes(a.sha256, b.sha256));
  return canonicalJson(form.ordered({ ...manifest, objects }));
}
