import { concatBytes, sha256Hex, utf8 } from '../../../ledger-schema/bytes.ts';
import { encodeChecklist } from '../../../ledger-schema/checklist.ts';
import type { Checklist } from '../../../ledger-schema/checklist.ts';
import { ackPath, keyPath, nackPath, policyPath, policySignPath } from '../../../ledger-schema/names/layout.ts';
import { recordPath } from '../../../ledger-schema/names/path.ts';
import type { ListedKey, Policy } from '../../../ledger-schema/policy.ts';
import { encodePolicy, parsePolicy } from '../../../ledger-schema/policy.ts';
import { encodeSums } from '../../../ledger-schema/sums.ts';
import type { Person } from './people.ts';

/** The id of the test ledgers. */
export const LEDGER_ID = '9f86d081884c7d659a2feaa0c55ad015';

const DAY = 86_400_000;

/** What a test ledger holds, by path; a stand-in for a git tree. */
export type Tree = Map<string, Uint8Array>;

export interface Roles {
  readonly roots?: readonly Person[];
  readonly rootThreshold?: number;
  readonly executors?: readonly Person[];
  readonly reviewers?: readonly Person[];
  readonly threshold?: number;
  readonly formerExecutors?: readonly Person[];
  readonly formerReviewers?: readonly { readonly who: Person; readonly seal: string }[];
  readonly expires?: string;
  /** Another ledger's id. */
  readonly ledger?: string;
  /** Another digest than that of the policy before. */
  readonly previous?: string;
}

export function policyOf(version: number, roles: Roles, before?: Uint8Array): Policy {
  const everybody = [...(roles.roots ?? []), ...(roles.executors ?? []), ...(roles.reviewers ?? [])];
  const holders: Record<string, ListedKey[]> = {};
  for (const { name, listed } of everybody) {
    const keys = (holders[name] ??= []);
    if (!keys.some((key) => key.fingerprint === listed.fingerprint)) keys.push(listed);
  }
  const previous = roles.previous ?? sha256Hex(before ?? utf8(''));
  const names = (people: readonly Person[] = []): string[] => [...new Set(people.map(({ name }) => name))];
  return {
    format: 1,
    ledger: roles.ledger ?? LEDGER_ID,
    version,
    ...(version === 1 && roles.previous === undefined ? {} : { previous }),
    expires: roles.expires ?? new Date(Date.now() + 300 * DAY).toISOString().replace(/\.\d+Z/, 'Z'),
    roots: { threshold: roles.rootThreshold ?? 1, holders: names(roles.roots) },
    executors: { holders: names(roles.executors) },
    reviewers: { threshold: roles.threshold ?? 1, holders: names(roles.reviewers) },
    holders,
    former: {
      executors: (roles.formerExecutors ?? []).map(({ listed }) => listed),
      reviewers: (roles.formerReviewers ?? []).map(({ who, seal }) => ({ ...who.listed, holder: who.name, seal })),
    },
  };
}

/** Puts a policy, its key files and signatures into a tree; returns the policy's bytes. */
export async function putPolicy(
  tree: Tree,
  version: number,
  roles: Roles,
  signers: readonly Person[],
): Promise<Uint8Array> {
  const bytes = encodePolicy(policyOf(version, roles, tree.get(policyPath(version - 1))));
  tree.set(policyPath(version), bytes);
  const former = (roles.formerReviewers ?? []).map(({ who }) => who);
  const all = [roles.roots, roles.executors, roles.reviewers, roles.formerExecutors, former].flatMap(
    (people) => people ?? [],
  );
  for (const { listed, file } of all) tree.set(keyPath(listed), file);
  for (const who of signers) tree.set(policySignPath(version, who.fingerprint), await who.sign(bytes));
  return bytes;
}

export interface RecordOptions {
  readonly repository?: string;
  readonly repositoryId?: number;
  readonly tag?: string;
  readonly content?: string;
  readonly checklist?: Partial<Checklist>;
}

/** The id that the tree's first policy has; that of every test ledger where there is none yet. */
function ledgerOf(tree: Tree): string {
  const first = tree.get(policyPath(1));
  return first === undefined ? LEDGER_ID : parsePolicy(first).ledger;
}

/** Puts a record with its sign and acks into a tree; returns its path. */
export async function putRecord(
  tree: Tree,
  executor: Person | undefined,
  reviewers: readonly Person[] = [],
  options: RecordOptions = {},
): Promise<string> {
  const content = utf8(options.content ?? 'the bytes\n');
  const checklist: Checklist = {
    format: 1,
    ledger: ledgerOf(tree),
    source: 'github.com',
    repository: options.repository ?? 'acme/tool',
    repositoryId: options.repositoryId ?? 42,
    tag: options.tag ?? 'v1.0.0',
    commit: 'c'.repeat(40),
    assets: [{ name: 'tool-linux-amd64', size: content.length }],
    ...options.checklist,
  };
  const json = encodeChecklist(checklist);
  const sums = encodeSums([
    { name: 'checklist.json', sha256: sha256Hex(json) },
    ...checklist.assets.map(({ name }) => ({ name, sha256: sha256Hex(content) })),
  ]);
  const path = recordPath(checklist);
  tree.set(`${path}/checklist.json`, json);
  tree.set(`${path}/checklist.sha256`, sums);
  if (executor !== undefined) tree.set(`${path}/checklist.sha256.sign`, await executor.sign(sums));
  for (const who of reviewers) await putAck(tree, path, who);
  return path;
}

function file(tree: Tree, path: string): Uint8Array {
  const bytes = tree.get(path);
  if (bytes === undefined) throw new Error(`the test ledger has no ${path}`);
  return bytes;
}

export async function putAck(tree: Tree, record: string, who: Person): Promise<string> {
  const sums = file(tree, `${record}/checklist.sha256`);
  const path = ackPath(record, who.fingerprint);
  tree.set(path, await who.sign(concatBytes(sums, file(tree, `${record}/checklist.sha256.sign`))));
  return path;
}

export async function putNack(tree: Tree, record: string, who: Person): Promise<string> {
  const path = nackPath(record, who.fingerprint);
  tree.set(path, await who.sign(concatBytes(file(tree, `${record}/checklist.sha256`), utf8('nack\n'))));
  return path;
}
