import { z } from 'zod';
import { brief, compareBytes, isSortedUnique } from './bytes.ts';
import { fail } from './error.ts';
import { FINGERPRINT, SHA256, ledgerId } from './fields.ts';
import { canonicalJson, parseCanonical } from './json.ts';
import type { CanonicalForm } from './json.ts';

const fingerprint = z.string().regex(FINGERPRINT).describe("the primary key's v4 fingerprint, upper-case hex");
const sha256 = z.string().regex(SHA256);
const holder = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/)
  .describe("a person's or a bot's name");
const listedKey = z.strictObject({ fingerprint, sha256: sha256.describe('of the key file') });
const holders = z.array(holder).describe("sorted by bytes, each of them in the policy's holders");
const threshold = z.int().min(1).describe('counts holders, never keys');

/** @internal The published JSON Schema is made from it. */
export const policySchema = z.strictObject({
  format: z.literal(1),
  ledger: ledgerId.describe('drawn at random for policy 1; the same in every later one'),
  version: z.int().min(1).describe("equals the number in the file's name"),
  previous: sha256.optional().describe('of the policy before; left out of policy 1'),
  expires: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    .describe('past it consumers resolve nothing new'),
  roots: z.strictObject({ threshold, holders }),
  executors: z.strictObject({ holders }),
  reviewers: z.strictObject({ threshold, holders }),
  holders: z.record(holder, z.array(listedKey).min(1)).describe('sorted by bytes; keys sorted by fingerprint'),
  former: z.strictObject({
    executors: z.array(listedKey).describe('sorted by fingerprint'),
    reviewers: z
      .array(
        z.strictObject({ fingerprint, sha256, holder, seal: sha256.describe('of the seal file: which acks count') }),
      )
      .describe('sorted by fingerprint'),
  }),
});

/** N.policy.json: who may sign and ack, how many are needed; ledger-format.md, "Trust policy". */
export interface Policy {
  readonly format: 1;
  /** Drawn at random for policy 1, the same in every later one. */
  readonly ledger: string;
  readonly version: number;
  /** The SHA-256 of the policy before. */
  readonly previous?: string | undefined;
  /** As `2027-01-31T00:00:00Z`. */
  readonly expires: string;
  readonly roots: { readonly threshold: number; readonly holders: readonly string[] };
  readonly executors: { readonly holders: readonly string[] };
  readonly reviewers: { readonly threshold: number; readonly holders: readonly string[] };
  readonly holders: Readonly<Record<string, readonly ListedKey[]>>;
  readonly former: { readonly executors: readonly ListedKey[]; readonly reviewers: readonly FormerReviewer[] };
}

export interface ListedKey {
  /** Of the primary key: version 4, upper-case hex. */
  readonly fingerprint: string;
  /** Of the key file. */
  readonly sha256: string;
}

export interface FormerReviewer extends ListedKey {
  readonly holder: string;
  /** The SHA-256 of the seal: which of the key's acks count. */
  readonly seal: string;
}

/** One policy of the walk. */
export interface PolicyStep {
  readonly version: number;
  /** Of the policy's bytes: what a pin names. */
  readonly sha256: string;
  readonly policy: Policy;
}

/** The most bytes of a policy: over 3,000 keys. */
export const POLICY_BYTES = 512 * 1024;

function orderedKey(key: ListedKey): ListedKey {
  return { fingerprint: key.fingerprint, sha256: key.sha256 };
}

const form: CanonicalForm<Policy> = {
  schema: policySchema,
  code: 'E_POLICY_FORMAT',
  what: 'the policy',
  limit: POLICY_BYTES,
  ordered: (p) => ({
    format: p.format,
    ledger: p.ledger,
    version: p.version,
    ...(p.previous === undefined ? {} : { previous: p.previous }),
    expires: p.expires,
    roots: { threshold: p.roots.threshold, holders: p.roots.holders },
    executors: { holders: p.executors.holders },
    reviewers: { threshold: p.reviewers.threshold, holders: p.reviewers.holders },
    holders: Object.fromEntries(Object.entries(p.holders).map(([name, keys]) => [name, keys.map(orderedKey)])),
    former: {
      executors: p.former.executors.map(orderedKey),
      reviewers: p.former.reviewers.map((key) => ({ ...orderedKey(key), holder: key.holder, seal: key.seal })),
    },
  }),
};

function refuse(message: string): never {
  return fail('E_POLICY_FORMAT', `the policy breaks a rule of the format: ${message}`);
}

function checkSorted(items: readonly string[], what: string): void {
  if (!isSortedUnique(items)) refuse(`${what} are not sorted, or name something twice`);
}

function checkRole(policy: Policy, role: 'roots' | 'executors' | 'reviewers'): void {
  const { holders } = policy[role];
  checkSorted(holders, `the holders of ${role}`);
  for (const name of holders) {
    if (!Object.hasOwn(policy.holders, name)) refuse(`${name} of ${role} has no key in holders`);
  }
}

function checkThreshold(policy: Policy, role: 'roots' | 'reviewers'): void {
  const { threshold, holders } = policy[role];
  if (threshold > holders.length) {
    refuse(`the threshold of ${role} is ${threshold}, but there are only ${holders.length} holders`);
  }
}

function checkExecutorsApart(policy: Policy): void {
  const others = new Set([
    ...policy.roots.holders,
    ...policy.reviewers.holders,
    ...policy.former.reviewers.map((key) => key.holder),
  ]);
  const both = policy.executors.holders.find((name) => others.has(name));
  if (both !== undefined) refuse(`${both} is an executor and something else; an executor's holder is in no other role`);
}

function checkKeys(policy: Policy): void {
  const all: string[] = [];
  for (const [name, keys] of Object.entries(policy.holders)) {
    checkSorted(
      keys.map((key) => key.fingerprint),
      `the keys of ${name}`,
    );
    all.push(...keys.map((key) => key.fingerprint));
  }
  for (const role of ['executors', 'reviewers'] as const) {
    const fingerprints = policy.former[role].map((key) => key.fingerprint);
    checkSorted(fingerprints, `the keys of former ${role}`);
    all.push(...fingerprints);
  }
  const twice = all.sort().find((key, i) => key === all[i - 1]);
  if (twice !== undefined) refuse(`the key ${twice} stands twice`);
}

/** Is it a date and time of the calendar, as `2027-11-24T00:00:00Z`? */
function isInstant(text: string): boolean {
  const milliseconds = Date.parse(text);
  return !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === text.replace('Z', '.000Z');
}

function checkPrevious({ version, previous }: Policy): void {
  if (version === 1 && previous !== undefined) refuse('policy 1 has a previous, and there is no policy before it');
  if (version > 1 && previous === undefined) refuse(`policy ${version} has no previous, the sha256 of the one before`);
}

function checkRules(policy: Policy): void {
  checkPrevious(policy);
  if (!isInstant(policy.expires)) refuse(`expires is not a date: ${brief(policy.expires)}`);
  checkSorted(Object.keys(policy.holders), 'the holders');
  for (const role of ['roots', 'executors', 'reviewers'] as const) checkRole(policy, role);
  for (const role of ['roots', 'reviewers'] as const) checkThreshold(policy, role);
  checkExecutorsApart(policy);
  checkKeys(policy);
}

/** Reads a policy. Throws `E_POLICY_FORMAT`, `E_TOO_LARGE`. */
export function parsePolicy(bytes: Uint8Array): Policy {
  const policy = parseCanonical(bytes, form);
  checkRules(policy);
  return policy;
}

const byFingerprint = (a: ListedKey, b: ListedKey): number => compareBytes(a.fingerprint, b.fingerprint);

/** Writes a policy with everything sorted. Throws as {@link parsePolicy} does. */
export function encodePolicy(policy: Policy): Uint8Array {
  const sorted = (names: readonly string[]): string[] => [...names].sort(compareBytes);
  const holderNames = sorted(Object.keys(policy.holders));
  const bytes = canonicalJson(
    form.ordered({
      ...policy,
      roots: { ...policy.roots, holders: sorted(policy.roots.holders) },
      executors: { holders: sorted(policy.executors.holders) },
      reviewers: { ...policy.reviewers, holders: sorted(policy.reviewers.holders) },
      holders: Object.fromEntries(
        holderNames.map((name) => [name, [...(policy.holders[name] ?? [])].sort(byFingerprint)]),
      ),
      former: {
        executors: [...policy.former.executors].sort(byFingerprint),
        reviewers: [...policy.former.reviewers].sort(byFingerprint),
      },
    }),
  );
  parsePolicy(bytes);
  return bytes;
}
