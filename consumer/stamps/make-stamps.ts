import { escapeTerminal } from '../../io/escape.ts';
import { fail, sha256Hex } from '../../ledger-schema/index.ts';
import type { RecordedAsset } from '../../ledger-schema/index.ts';
import { describeArtifacts } from './artifacts.ts';
import { checkedEvidence } from './checked.ts';
import { entriesOf, readList } from './list-before.ts';
import type { ListBefore, ListedBefore } from './list-before.ts';
import type { StampRecord, VendorPackslip } from './record.ts';
import type { StampSigner } from './signer.ts';
import { LIST_PREDICATE, RELEASE_PREDICATE, instant, projectName, statementBytes } from './statement.ts';
import type { ListEntry, ListPredicate, StatementSubject } from './statement.ts';
import { tagProject } from './tag-version.ts';

/** The ledger that is stamped, and where its stamps will lie. */
export interface StampContext {
  readonly signer: StampSigner;
  /** Where the site is served, without a slash at its end. */
  readonly baseUrl: string;
  /** Where a recorded file is fetched. */
  readonly urlOf: (record: StampRecord, asset: RecordedAsset) => string;
  /** When the newest policy runs out. */
  readonly expires: Date;
  /** The first-parent height of the ledger's commit. */
  readonly height: number;
  readonly now: Date;
  /** What identifies the ledger in a stamp: its id. */
  readonly ledger: string;
  /** The vendor's own packslip, where it was kept; `unread`: it could not be looked for, and is next time. */
  readonly vendor: (record: StampRecord) => Promise<VendorPackslip | 'unread' | undefined>;
  /** What lies in the site's folder at a path; undefined where nothing does. */
  readonly before: (path: string) => Promise<Uint8Array | undefined>;
}

/** A record that is in no list, and why. */
export interface LeftOut {
  readonly tag: string;
  readonly why: string;
}

/** The files of one tool, by their paths in the site's folder. */
export interface ToolStamps {
  readonly list: { readonly path: string; readonly bytes: Uint8Array };
  /** Packslips that are new or changed. */
  readonly packslips: ReadonlyMap<string, Uint8Array>;
  /** Every packslip that the list leads to: what else lies in the tool's folder is to be removed. */
  readonly kept: ReadonlySet<string>;
  readonly leftOut: readonly LeftOut[];
}

interface Version {
  readonly record: StampRecord;
  readonly version: string;
}

/** A higher one makes every packslip again. */
const FORMAT = 1;

/** A project as packslip has it: a repository, or a tool of one that releases several. */
export interface StampProject {
  readonly source: string;
  /** `owner/repo` */
  readonly repository: string;
  readonly subpath?: string | undefined;
}

export function listPath({ source, repository, subpath }: StampProject): string {
  return `.well-known/packslip/${[source, repository, subpath].filter((part) => part !== undefined).join('/')}.json`;
}

export function packslipFolder(source: string, repository: string): string {
  return `packslip/${source}/${repository}`;
}

/**
 * The release list of a project, and the packslips that it leads to. Where nothing but a list's time and number would differ, the
 * one before stays as it is. Of a withdrawn release the list still pins what it led to, and the packslip itself is served no
 * more. Undefined for a name that packslip doesn't know, and where there is neither a record nor a list of ours. Throws
 * `E_ROLLBACK` where the folder has a list of a newer ledger, and what signing throws.
 */
export async function makeStamps(
  about: StampProject,
  records: readonly StampRecord[],
  context: StampContext,
): Promise<ToolStamps | undefined> {
  const project = projectName(about);
  if (project === undefined) return undefined;
  const { signer, height, now, before } = context;
  const path = listPath(about);
  const old = await before(path);
  const listed = old === undefined ? undefined : readList(old);
  const sequence = nextSequence(listed, height, path);
  const ours = old !== undefined && listed !== undefined && (await signer.signed(old)) ? listed : undefined;
  // Where there was a list, an empty one says that nothing is good any more; its absence would say nothing.
  if (records.length === 0 && ours === undefined) return undefined;
  const { versions, leftOut } = versionsOf(records, about);
  const entries = entriesOf(ours, context.baseUrl);
  const made: Made[] = [];
  for (const one of versions) {
    const entry = await makeEntry(one, project, entries.get(one.record.tag), context);
    const { state, goodUntil } = one.record;
    if (typeof entry === 'string') leftOut.push({ tag: one.record.tag, why: entry });
    else made.push({ ...entry, until: state === 'withdrawn' ? undefined : goodUntil });
  }
  const subject: StatementSubject[] = made.map(({ entry, sha256 }) => ({ name: entry.packslip, digest: { sha256 } }));
  // in-toto wants a subject: packslip's own word for none.
  if (subject.length === 0) subject.push({ name: '_', digest: { sha256: sha256Hex(new Uint8Array()) } });
  const predicate: ListPredicate = {
    project,
    generated_at: instant(now),
    expires_at: instant(endOf(made, context)),
    sequence,
    identity: signer.identity,
    releases: made.map(({ entry }) => entry),
    extensions: { pullthrough: { ledger: context.ledger, height } },
  };
  const same = ours !== undefined && timeless(ours.predicate, ours.subject) === timeless(predicate, subject);
  const bytes = same && old ? old : await signer.sign(statementBytes(LIST_PREDICATE, subject, predicate));
  const packslips = new Map(made.flatMap(({ file }) => (file?.bytes === undefined ? [] : [[file.path, file.bytes]])));
  return {
    list: { path, bytes },
    packslips,
    kept: new Set(made.flatMap(({ file }) => file?.path ?? [])),
    leftOut,
  };
}

/** More lists than one ledger commit ever has: beyond that a number is not ours. */
const MOST_LISTS = 1_000_000;

/**
 * The number of a list that differs from the one before: the ledger's height, or, where the same ledger gives another list
 * (a key expired, files are served elsewhere, another stamp key), one more than the last. Throws `E_ROLLBACK`.
 */
function nextSequence(listed: ListBefore | undefined, height: number, path: string): number {
  if (listed === undefined) return height;
  const { sequence, extensions } = listed.predicate;
  const was = extensions?.pullthrough.height ?? sequence;
  if (was > height || sequence > height + MOST_LISTS) {
    fail(
      'E_ROLLBACK',
      `${path} is of a newer ledger: its number is ${was > height ? was : sequence}, and now ${height}`,
      {
        hint: 'was the ledger rewritten? A list never goes back: start again in an empty folder, with a new stamp key',
      },
    );
  }
  return Math.max(height, sequence + 1);
}

/** A list ends with the policy, or before it when something that it lists does. */
function endOf(made: readonly Made[], { expires }: StampContext): Date {
  return new Date(Math.min(expires.getTime(), ...made.map(({ until }) => until?.getTime() ?? Infinity)));
}

/** Everything in a list except its time and number. */
function timeless(
  { extensions, ...predicate }: object & { extensions?: unknown },
  subject: readonly unknown[],
): string {
  const { pullthrough } = (extensions ?? {}) as { pullthrough?: { ledger?: unknown } };
  return JSON.stringify([{ ...predicate, generated_at: '', sequence: 0 }, pullthrough?.ledger, subject]);
}

/** On GitHub a repository's tools are projects of their own. */
export function projectOf({ source, repository, tag }: Pick<StampRecord, 'source' | 'repository' | 'tag'>) {
  return tagProject(tag, repository.split('/')[1] ?? '', source === 'github.com');
}

/** By version; two records of one version are ambiguous, and neither is listed. */
function versionsOf(
  records: readonly StampRecord[],
  { subpath }: StampProject,
): { versions: Version[]; leftOut: LeftOut[] } {
  const byVersion = new Map<string, StampRecord[]>();
  const leftOut: LeftOut[] = [];
  for (const record of records) {
    const named = projectOf(record);
    if (named === undefined && subpath === undefined) {
      leftOut.push({ tag: record.tag, why: 'its tag names no semantic version' });
    } else if (named !== undefined && named.subpath === subpath) {
      byVersion.set(named.version, [...(byVersion.get(named.version) ?? []), record]);
    }
  }
  const versions: Version[] = [];
  for (const [version, found] of byVersion) {
    const [record] = found;
    if (found.length === 1 && record !== undefined) versions.push({ record, version });
    else leftOut.push(...found.map(({ tag }) => ({ tag, why: `several of its tags are version ${version}` })));
  }
  versions.sort((a, b) => (a.version < b.version ? -1 : 1));
  return { versions, leftOut };
}

interface Made {
  readonly entry: ListEntry;
  /** Of the packslip's bytes. */
  readonly sha256: string;
  /** Where it is served; without bytes where it lies there already. */
  readonly file?: { readonly path: string; readonly bytes?: Uint8Array | undefined };
  /** When it stops being acknowledged because keys expire. */
  readonly until?: Date | undefined;
}

async function makeEntry(
  { record, version }: Version,
  project: string,
  listed: ListedBefore | undefined,
  context: StampContext,
): Promise<Made | string> {
  const { signer, baseUrl } = context;
  const withdrawn = record.state === 'withdrawn';
  const plan = releaseStatement(record, version, project, context, undefined);
  const inputs = sha256Hex(
    new TextEncoder().encode(JSON.stringify([FORMAT, baseUrl, sha256Hex(plan.bytes), record.evidence])),
  );
  const entryOf = (path: string, publishedAt: string, vendor?: string, known = inputs): ListEntry => ({
    version,
    tag: record.tag,
    published_at: publishedAt,
    packslip: `${baseUrl}/${path.split('/').map(encodeURIComponent).join('/')}`,
    ...(withdrawn ? { status: 'yanked', status_reason: reasonOf(record) } : {}),
    evidence: checkedEvidence(record, vendor),
    extensions: { pullthrough: { record: record.path, checklist: record.checklist, inputs: known } },
  });
  // What was pinned stays pinned: anyone who holds it learns that it was withdrawn.
  if (withdrawn && listed !== undefined) {
    const vendor = listed.entry.evidence?.find(({ kind }) => kind === 'vendor-packslip')?.detail;
    const entry = entryOf(listed.path, listed.entry.published_at, vendor);
    return { entry: { ...entry, packslip: listed.entry.packslip }, sha256: listed.sha256 };
  }
  const same = await asBefore(listed, inputs, context);
  if (same !== undefined) return same;
  const looked = withdrawn ? undefined : await context.vendor(record);
  const unread = `unread ${inputs}`;
  const still = looked === 'unread' ? await asBefore(listed, unread, context) : undefined;
  if (still !== undefined) return still;
  const vendor = looked === 'unread' ? undefined : looked;
  if (vendor !== undefined && !vendor.beyond) {
    const path = pathOf(record, version, vendor.sha256);
    const entry = entryOf(path, vendor.publishedAt, vendor.sha256);
    return { entry, sha256: vendor.sha256, file: { path, bytes: vendor.bytes } };
  }
  const statement = vendor === undefined ? plan : releaseStatement(record, version, project, context, vendor.sha256);
  if (!statement.installable && !withdrawn) return 'the name of none of its files says for what system it is';
  const bytes = withdrawn && !signer.repeatable ? statement.bytes : await signer.sign(statement.bytes);
  const sha256 = sha256Hex(bytes);
  const path = pathOf(record, version, sha256);
  const entry = entryOf(path, instant(record.published), vendor?.sha256, looked === 'unread' ? unread : inputs);
  return { entry, sha256, ...(withdrawn ? {} : { file: { path, bytes } }) };
}

/** An entry that was made of the same inputs, where what it leads to lies there still. */
async function asBefore(
  listed: ListedBefore | undefined,
  inputs: string,
  { before }: StampContext,
): Promise<Made | undefined> {
  if (listed === undefined || listed.inputs !== inputs || listed.entry.status !== undefined) return undefined;
  const { entry, sha256, path } = listed;
  const file = await before(path);
  return file !== undefined && sha256Hex(file) === sha256 ? { entry, sha256, file: { path } } : undefined;
}

function pathOf({ source, repository }: StampRecord, version: string, sha256: string): string {
  return `${packslipFolder(source, repository)}/${version}.${sha256.slice(0, 16)}.sigstore.json`;
}

function reasonOf({ reason, nacks }: StampRecord): string {
  const by = `withdrawn by ${[...nacks].sort().join(', ')}`;
  return escapeTerminal(reason === undefined ? by : `${reason} (${by})`);
}

function releaseStatement(
  record: StampRecord,
  version: string,
  project: string,
  { signer, urlOf }: StampContext,
  vendor: string | undefined,
): { readonly bytes: Uint8Array; readonly installable: boolean } {
  const { source, repository, commit, tag, assets, path, checklist, published } = record;
  const tool = (projectOf(record)?.subpath ?? repository).split('/').at(-1) ?? '';
  const artifacts = describeArtifacts(assets, tool, (asset) => urlOf(record, asset));
  const digests = new Map(assets.map((asset) => [asset.name, asset.sha256]));
  const subject = artifacts.map(({ name }) => ({ name, digest: { sha256: digests.get(name) ?? '' } }));
  const bytes = statementBytes(RELEASE_PREDICATE, subject, {
    project,
    version,
    published_at: instant(published),
    source: { repo: `https://${source}/${repository}`, commit, tag },
    artifacts,
    identity: signer.identity,
    attested_by: 'repackager',
    evidence: checkedEvidence(record, vendor),
    extensions: { pullthrough: { record: path, checklist } },
  });
  return { bytes, installable: artifacts.length > 0 };
}
