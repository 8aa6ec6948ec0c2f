import { brief, sha256Hex } from './bytes.ts';
import { PullthroughError, fail } from './error.ts';
import { REGULAR } from './files.ts';
import type { Finding, LedgerFiles } from './files.ts';
import { Keyring, listings } from './openpgp/keyring.ts';
import type { Verifier } from './openpgp/algorithms/verifier.ts';
import type { Listing } from './openpgp/keyring.ts';
import { policyPath, tryLedgerPath } from './names/layout.ts';
import { POLICY_BYTES, parsePolicy } from './policy.ts';
import type { ListedKey, Policy, PolicyStep } from './policy.ts';
import { countRootHolders } from './root-signatures.ts';

export interface TrustOptions {
  /** The SHA-256 of any N.policy.json, 64 lower-case hex digits. Without it the walk starts at policy 1. */
  readonly pin?: string | undefined;
  /** The present time, the same for everything that is judged in one run. */
  readonly now: Date;
  /** Also check the expiry of root keys for the step to this number: for the gate, when the policy is new. */
  readonly newVersion?: number | undefined;
  /** Does the arithmetic of signatures; the portable one by default. */
  readonly verifier?: Verifier | undefined;
}

/** A policy lasts months. */
const MOST_POLICIES = 10_000;

export type Role = 'executors' | 'reviewers' | 'roots';

/** The newest policy that the walk from the pin reached, and the keys that it lists. */
export class Trust {
  /** From the pin's policy (or policy 1) to the newest, in order. */
  readonly chain: readonly PolicyStep[];
  readonly keyring: Keyring;
  readonly now: Date;
  /** Root signatures that don't count. */
  readonly warnings: readonly Finding[];
  /** The executors' keys; a former executor has no holder. */
  readonly executorKeys: readonly { readonly key: ListedKey; readonly holder: string | undefined }[];
  readonly #listings: ReadonlyMap<string, Listing>;
  readonly #newest: PolicyStep;

  constructor(
    chain: readonly [PolicyStep, ...PolicyStep[]],
    keyring: Keyring,
    now: Date,
    warnings: readonly Finding[],
  ) {
    this.chain = chain;
    this.keyring = keyring;
    this.now = now;
    this.warnings = warnings;
    this.#newest = chain.at(-1) ?? chain[0];
    this.#listings = listings(this.#newest.policy);
    const { executors, former, holders } = this.#newest.policy;
    this.executorKeys = [
      ...executors.holders.flatMap((holder) => (holders[holder] ?? []).map((key) => ({ key, holder }))),
      ...former.executors.map((key) => ({ key, holder: undefined })),
    ];
  }

  /** The newest policy with its number and digest. */
  get newest(): PolicyStep {
    return this.#newest;
  }

  get policy(): Policy {
    return this.#newest.policy;
  }

  get version(): number {
    return this.#newest.version;
  }

  get sha256(): string {
    return this.#newest.sha256;
  }

  /** The ledger's id: every policy of the chain and every record carries it. */
  get ledger(): string {
    return this.policy.ledger;
  }

  /** After this, consumers resolve nothing new. */
  get expires(): Date {
    return new Date(this.policy.expires);
  }

  get expired(): boolean {
    return this.now.getTime() >= this.expires.getTime();
  }

  /** How the newest policy lists a key, in whatever role. */
  listing(fingerprint: string): Listing | undefined {
    return this.#listings.get(fingerprint);
  }

  /** The holder of a current key in a role; undefined where the policy doesn't list it for that. */
  holderOf(role: Role, fingerprint: string): string | undefined {
    const listing = this.#listings.get(fingerprint);
    if (listing?.holder === undefined || listing.former !== undefined) return undefined;
    return this.policy[role].holders.includes(listing.holder) ? listing.holder : undefined;
  }
}

/**
 * Walks from the pin (or policy 1) to the newest policy by valid steps; ledger-format.md, "Trust policy", and "What a
 * consumer does", step 1. Pure but for `files`. Throws `E_POLICY_MISSING`, `E_PIN`, `E_POLICY_GAP`, `E_POLICY_FORMAT`,
 * `E_OTHER_LEDGER`,
 * `E_POLICY_PREVIOUS`, `E_POLICY_THRESHOLD`.
 */
export async function establishTrust(files: LedgerFiles, options: TrustOptions): Promise<Trust> {
  const entries = await files.list('trust');
  const names = new Set<string>();
  const twice = entries.find(({ name }) => names.size === names.add(name).size);
  if (twice !== undefined) fail('E_COLLISION', `trust/${brief(twice.name)} is in its folder twice`);
  const regular = entries.filter((entry) => entry.mode === REGULAR).map((entry) => entry.name);
  const versions = regular.flatMap((name) => {
    const path = tryLedgerPath(`trust/${name}`);
    return path?.kind === 'policy' ? [path.version] : [];
  });
  if (versions.length > MOST_POLICIES) fail('E_TOO_LARGE', `the ledger has more than ${MOST_POLICIES} policies`);
  const newest = Math.max(0, ...versions);
  if (newest === 0) fail('E_POLICY_MISSING', 'the ledger has no trust policy (trust/1.policy.json)');
  const keyring = new Keyring(files, options.verifier);
  const warnings: Finding[] = [];

  const count = async (step: PolicyStep, bytes: Uint8Array, before: PolicyStep | undefined): Promise<void> => {
    const judgement = { now: options.now, revocation: true, expiry: step.version === options.newVersion };
    const counted = await countRootHolders({ files, keyring, names: regular, step, bytes, before, judgement });
    warnings.push(...counted.ignored);
    for (const { policy, version } of before === undefined ? [step] : [before, step]) {
      const holders = counted.holders(policy);
      const { threshold } = policy.roots;
      if (holders.length >= threshold) continue;
      const who = holders.length === 0 ? '' : ` (${holders.join(', ')})`;
      fail(
        'E_POLICY_THRESHOLD',
        `policy ${step.version} is signed by ${holders.length}${who} of the ${threshold} root holders that policy ${version} asks for`,
        { hint: `others of ${policy.roots.holders.join(', ')} sign it: pullthrough trust sign` },
      );
    }
  };

  const first = await start(files, versions, options.pin);
  if (options.pin === undefined) await count(first.step, first.bytes, undefined);
  const chain: [PolicyStep, ...PolicyStep[]] = [first.step];
  let last = first.step;
  while (last.version < newest) {
    const next = await readStep(files, last.version + 1, newest);
    requireSuccessor(last, next.step);
    await count(next.step, next.bytes, last);
    chain.push(next.step);
    last = next.step;
  }
  return new Trust(chain, keyring, options.now, warnings);
}

/**
 * What was signed to follow another policy, here or in another ledger, is not a successor. Throws `E_OTHER_LEDGER`,
 * `E_POLICY_PREVIOUS`.
 */
export function requireSuccessor(before: PolicyStep, { version, policy }: PolicyStep): void {
  const path = policyPath(version);
  if (policy.ledger !== before.policy.ledger) {
    fail('E_OTHER_LEDGER', `${path} was made for the ledger ${policy.ledger}; this one is ${before.policy.ledger}`);
  }
  if (policy.previous !== before.sha256) {
    const says = policy.previous ?? 'nothing';
    fail('E_POLICY_PREVIOUS', `${path} follows ${says}, but policy ${before.version} here is ${before.sha256}`);
  }
}

interface ReadStep {
  readonly step: PolicyStep;
  readonly bytes: Uint8Array;
}

async function start(files: LedgerFiles, versions: readonly number[], pin: string | undefined): Promise<ReadStep> {
  if (pin === undefined) return readStep(files, 1, Math.max(...versions));
  for (const version of [...versions].sort((a, b) => b - a)) {
    const bytes = await files.read(policyPath(version), POLICY_BYTES);
    if (bytes !== undefined && sha256Hex(bytes) === pin) return toStep(bytes, version);
  }
  return fail('E_PIN', `no policy of the ledger has the pinned sha256 ${pin}`, {
    hint: 'ask the owners of the ledger for the pin, over a separate channel; it is the sha256 of any N.policy.json',
  });
}

async function readStep(files: LedgerFiles, version: number, newest: number): Promise<ReadStep> {
  const bytes = await files.read(policyPath(version), POLICY_BYTES);
  if (bytes === undefined) {
    fail('E_POLICY_GAP', `the ledger has policy ${newest}, but policy ${version} on the way to it is missing`);
  }
  return toStep(bytes, version);
}

function toStep(bytes: Uint8Array, version: number): ReadStep {
  let policy: Policy;
  try {
    policy = parsePolicy(bytes);
  } catch (cause) {
    if (!(cause instanceof PullthroughError)) throw cause;
    fail('E_POLICY_FORMAT', `${policyPath(version)}: ${cause.message}`, { cause, hint: cause.hint });
  }
  if (policy.version !== version) {
    fail('E_POLICY_FORMAT', `${policyPath(version)} says that it is version ${policy.version}`);
  }
  return { step: { version, sha256: sha256Hex(bytes), policy }, bytes };
}
