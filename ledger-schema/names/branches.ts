import { sha256Hex, utf8 } from '../bytes.ts';
import { encodeSegment, repositoryPath } from './path.ts';

/** Every branch of a ledger that means something to us begins with one of these; nothing else knows them. */
export const BRANCHES = {
  /** A record, with its acks. */
  proposal: 'pullthrough/',
  /** A nack of a merged record. */
  nack: 'pullthrough-nack/',
  /** The next policy, with its signatures. */
  policy: 'pullthrough-trust/',
  /** What `ledger close` turned down. */
  closed: 'pullthrough-closed/',
  /** What a consumer asked for, on plain git. */
  request: 'pullthrough-request/',
} as const;

/** What a branch is for, by its name. */
type BranchKind = keyof typeof BRANCHES;

/** Undefined for a branch that is not one of ours. What is in it is judged later. */
export function branchKind(name: string): BranchKind | undefined {
  return (Object.keys(BRANCHES) as BranchKind[]).find((kind) => name.startsWith(BRANCHES[kind]));
}

/** Where the newest state of a ledger is vouched for; ledger-format.md, "A signed head". */
export const HEAD_BRANCH = 'pullthrough-head';

/** A branch's longest full name (`refs/heads/…`): GitHub's limit, and with `.lock` behind it a file system's. */
const REF_BYTES = 255;

/** The branch on which policy N is proposed and collects its signatures. */
export function trustBranch(version: number): string {
  return `${BRANCHES.policy}${version}`;
}

function branch(prefix: (typeof BRANCHES)[keyof typeof BRANCHES], record: string, suffix = ''): string {
  const rest = record.replace(/^packages\//, '');
  const name = `${prefix}${rest}${suffix}`;
  const refused = rest.includes('..') || rest.split('/').some((part) => part.endsWith('.lock'));
  const long = utf8(`refs/heads/${name}`).length > REF_BYTES;
  return refused || long ? `${prefix}${sha256Hex(utf8(record))}${suffix}` : name;
}

/**
 * The branch of a record's proposal: `pullthrough/<record path without packages/>`, or `pullthrough/<sha256 of the
 * record path>` where git refuses that name for a branch (`..`, `.lock`, too long).
 */
export function proposalBranch(record: string): string {
  return branch(BRANCHES.proposal, record);
}

/** The branch of a nack of a merged record: `pullthrough-nack/<record path without packages/>/<FPR>`. */
export function nackBranch(record: string, fingerprint: string): string {
  return branch(BRANCHES.nack, record, `/${fingerprint}`);
}

/**
 * Is it in the alphabet of change names: encoded segments and slashes? Anybody who may push can give a branch any name;
 * one outside the alphabet isn't ours.
 */
export function isChangeBranch(name: string): boolean {
  return /^[A-Za-z0-9_+@%][A-Za-z0-9._+@%/-]*$/.test(name);
}

/**
 * The branch of a consumer's request on plain git: `pullthrough-request/<source>/<owner>/<repo>@<tag>`, without a tag
 * when it is for the tool as a whole.
 */
export function requestBranch(id: {
  readonly source: string;
  readonly repository: string;
  readonly tag?: string | undefined;
}): string {
  const tag = id.tag === undefined ? '' : encodeSegment(id.tag);
  return branch(BRANCHES.request, `${repositoryPath(id)}@${tag}`);
}

/**
 * Where `ledger close` moves a branch, below `pullthrough-closed/`: the rest of a proposal's name, any other's whole
 * name.
 */
export function closedBranch(open: string): string {
  return `${BRANCHES.closed}${open.startsWith(BRANCHES.proposal) ? open.slice(BRANCHES.proposal.length) : open}`;
}

/** Where `ledger reopen` moves a closed branch back to; undefined for one that isn't closed. */
export function reopenedBranch(closed: string): string | undefined {
  if (!closed.startsWith(BRANCHES.closed)) return undefined;
  const rest = closed.slice(BRANCHES.closed.length);
  return rest.startsWith(BRANCHES.policy) ? rest : `${BRANCHES.proposal}${rest}`;
}
