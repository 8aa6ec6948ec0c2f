import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openLedger } from '../../../ledger/git/repository.ts';
import {
  ackPath,
  concatBytes,
  encodeChecklist,
  encodePolicy,
  encodeSums,
  keyPath,
  nackPath,
  policyPath,
  policySignPath,
  recordPath,
  sha256Hex,
  utf8,
} from '../../../ledger-schema/index.ts';
import type { ChecklistAsset, Policy } from '../../../ledger-schema/index.ts';
import type { EvidenceEntry } from '../../../ledger-schema/evidence.ts';
import { person } from './people.ts';
import type { Person } from './people.ts';

const run = promisify(execFile);

/** When the keys of test ledgers were made, and their signatures. */
const MADE = new Date('2025-01-01T00:00:00Z');

export interface RecordSpec {
  /** Another ledger's id. */
  readonly ledger?: string;
  readonly source?: string;
  readonly repository: string;
  readonly repositoryId?: number;
  readonly tag: string;
  /** Bytes by name. */
  readonly assets: Readonly<Record<string, Uint8Array | string>>;
  readonly evidence?: readonly EvidenceEntry[];
  /** Default: the executor. `null`: nobody signs. */
  readonly signedBy?: Person | null;
  /** Default: ada. */
  readonly acks?: readonly Person[];
  readonly nacks?: readonly Person[];
}

export interface People {
  readonly bot: Person;
  readonly ada: Person;
  readonly grace: Person;
  readonly linus: Person;
}

/** The id of the test ledgers. */
export const LEDGER_ID = '9f86d081884c7d659a2feaa0c55ad015';

export const EXPIRES = '2030-01-01T00:00:00Z';

/** A ledger in a bare repository, made by git alone, with real signatures; each `commit` holds what `files` holds. */
export class TestLedger {
  readonly directory: string;
  readonly people: People;
  readonly files = new Map<string, Uint8Array>();
  #policies: { bytes: Uint8Array; policy: Policy }[] = [];
  readonly #branches = new Set<string>();
  #clone: Promise<string> | undefined;

  private constructor(directory: string, people: People) {
    this.directory = directory;
    this.people = people;
  }

  static async create(policy: Partial<Policy> = {}): Promise<TestLedger> {
    const [bot, ada, grace, linus] = await Promise.all(
      ['mirror-bot', 'ada', 'grace', 'linus'].map((name) => person(name, { made: MADE, signs: MADE })),
    );
    const directory = join(await mkdtemp(join(tmpdir(), 'pullthrough-test-')), 'ledger.git');
    await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', directory]);
    const ledger = new TestLedger(directory, { bot: bot!, ada: ada!, grace: grace!, linus: linus! });
    for (const { listed, file } of [bot!, ada!, grace!, linus!]) ledger.files.set(keyPath(listed), file);
    await ledger.addPolicy(policy);
    return ledger;
  }

  /** The digest of policy N; of the newest without N. */
  pin(version = this.#policies.length): string {
    return sha256Hex(this.#policies[version - 1]!.bytes);
  }

  /** Adds policy N+1, signed by its roots. */
  async addPolicy(change: Partial<Policy> = {}, signers: readonly Person[] = [this.people.ada]): Promise<Policy> {
    const { bot, ada, grace, linus } = this.people;
    const version = this.#policies.length + 1;
    const policy: Policy = {
      format: 1,
      ledger: LEDGER_ID,
      version,
      ...(version === 1 ? {} : { previous: this.pin() }),
      expires: EXPIRES,
      roots: { threshold: 1, holders: ['ada', 'grace', 'linus'] },
      executors: { holders: ['mirror-bot'] },
      reviewers: { threshold: 1, holders: ['ada', 'grace'] },
      holders: { ada: [ada.listed], grace: [grace.listed], linus: [linus.listed], 'mirror-bot': [bot.listed] },
      former: { executors: [], reviewers: [] },
      ...change,
    };
    const bytes = encodePolicy(policy);
    this.#policies.push({ bytes, policy });
    this.files.set(policyPath(version), bytes);
    for (const signer of signers) this.files.set(policySignPath(version, signer.fingerprint), await signer.sign(bytes));
    return policy;
  }

  /** Adds a record's files; gives its path. */
  async addRecord(spec: RecordSpec): Promise<string> {
    const { repository, tag, source = 'github.com' } = spec;
    const bodies = Object.entries(spec.assets).map(([name, body]) => ({
      name,
      bytes: typeof body === 'string' ? utf8(body) : body,
    }));
    const assets: ChecklistAsset[] = bodies.map(({ name, bytes }) => ({ name, size: bytes.length }));
    const checklist = encodeChecklist({
      format: 1,
      ledger: spec.ledger ?? LEDGER_ID,
      source,
      repository,
      repositoryId: spec.repositoryId ?? idOf(spec.repository),
      tag,
      commit: 'c'.repeat(40),
      assets,
      ...(spec.evidence === undefined ? {} : { evidence: [...spec.evidence] }),
    });
    const sums = encodeSums([
      { name: 'checklist.json', sha256: sha256Hex(checklist) },
      ...bodies.map(({ name, bytes }) => ({ name, sha256: sha256Hex(bytes) })),
    ]);
    const path = recordPath({ source, repository, tag });
    this.files.set(`${path}/checklist.json`, checklist);
    this.files.set(`${path}/checklist.sha256`, sums);
    if (spec.signedBy !== null) {
      const sign = await (spec.signedBy ?? this.people.bot).sign(sums);
      this.files.set(`${path}/checklist.sha256.sign`, sign);
      for (const by of spec.acks ?? [this.people.ada]) {
        this.files.set(ackPath(path, by.fingerprint), await by.sign(concatBytes(sums, sign)));
      }
    }
    for (const by of spec.nacks ?? []) await this.nack(path, by);
    return path;
  }

  async nack(path: string, by: Person): Promise<void> {
    const sums = this.files.get(`${path}/checklist.sha256`)!;
    this.files.set(nackPath(path, by.fingerprint), await by.sign(concatBytes(sums, utf8('nack\n'))));
  }

  /** Commits what `files` holds on a branch. `parent`: another than the branch's head; null for none. */
  async commit(options: { branch?: string; parent?: string | null; message?: string } = {}): Promise<string> {
    const { branch = 'main', parent, message = 'x' } = options;
    const head = parent === undefined ? await this.head(branch) : (parent ?? undefined);
    const parts: Buffer[] = [];
    const text = (line: string) => parts.push(Buffer.from(line));
    text(
      `commit refs/heads/${branch}\nmark :1\ncommitter A <a@example.org> 1750000000 +0000\ndata ${Buffer.byteLength(message)}\n${message}\n`,
    );
    if (head !== undefined) text(`from ${head}\n`);
    text('deleteall\n');
    for (const [path, bytes] of this.files) {
      text(`M 100644 inline ${JSON.stringify(path)}\ndata ${bytes.length}\n`);
      parts.push(Buffer.from(bytes));
      text('\n');
    }
    text('\nget-mark :1\n');
    const importing = run('git', ['-C', this.directory, 'fast-import', '--quiet', '--force'], { maxBuffer: 1 << 20 });
    importing.child.stdin?.end(Buffer.concat(parts));
    this.#branches.add(branch);
    return (await importing).stdout.trim();
  }

  async head(branch = 'main'): Promise<string | undefined> {
    const found = await run('git', [
      '-C',
      this.directory,
      'rev-parse',
      '--verify',
      '--quiet',
      `refs/heads/${branch}`,
    ]).catch(() => undefined);
    return found?.stdout.trim();
  }

  /** Moves a branch, as a host that shows an old or another state. */
  async reset(commit: string, branch = 'main'): Promise<void> {
    await run('git', ['-C', this.directory, 'update-ref', `refs/heads/${branch}`, commit]);
  }

  /** Gives what makes it again what it is now, so that tests can share it: its files, its policies, and main alone. */
  async keep(): Promise<() => Promise<void>> {
    const files = [...this.files];
    const policies = [...this.#policies];
    const head = await this.head();
    this.#branches.clear();
    return async () => {
      this.files.clear();
      for (const [path, bytes] of files) this.files.set(path, bytes);
      this.#policies = [...policies];
      const moved = [...this.#branches];
      this.#branches.clear();
      for (const branch of moved) {
        const to = branch === 'main' && head !== undefined ? [`refs/heads/main`, head] : ['-d', `refs/heads/${branch}`];
        await run('git', ['-C', this.directory, 'update-ref', ...to]);
      }
    };
  }

  /** Puts a clone into a cache, as of one who read the whole ledger before; of what comes later nothing is in it. */
  async seed(cacheDir: string): Promise<void> {
    this.#clone ??= this.#readWhole();
    await cp(await this.#clone, cacheDir, { recursive: true });
  }

  async #readWhole(): Promise<string> {
    const cacheDir = join(dirname(this.directory), 'read');
    await using clone = await openLedger({ url: this.directory, branch: 'main', cacheDir, refs: 'branch' });
    await clone.update();
    const tree = await run('git', ['-C', this.directory, 'rev-parse', 'main^{tree}']);
    await clone.snapshot(clone.head() ?? '').prefetch([tree.stdout.trim()], 'below');
    return cacheDir;
  }

  /** Another repository in its place, without a commit. */
  async remake(format: 'sha1' | 'sha256'): Promise<void> {
    await rm(this.directory, { recursive: true });
    const kind = `--object-format=${format}`;
    await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', kind, this.directory]);
  }

  /** Removes whatever no branch reaches. */
  async forget(): Promise<void> {
    await run('git', ['-C', this.directory, 'gc', '--quiet', '--prune=now']);
  }
}

/** Each repository has a number of its own, as forges have it. */
function idOf(repository: string): number {
  return createHash('sha256').update(repository.toLowerCase()).digest().readUInt32BE(0) + 1;
}
