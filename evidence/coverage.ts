import { brief } from '../ledger-schema/bytes.ts';
import { fail } from '../ledger-schema/error.ts';
import { LIST_BYTES, loneDigest, parseDigestList } from './lists/digest-list.ts';
import type { ListAlgorithm } from './lists/digest-list.ts';
import type { Subject } from './entry.ts';
import { FileBytes } from './file-bytes.ts';
import type { ReadFile, Target } from './file-bytes.ts';
import { isListName } from './lists/list-name.ts';
import { statementTarget } from './names.ts';
import type { Statement } from './sigstore/statement.ts';

/** A list of digests that is not a recorded file. `name`: upstream's; unknown where only its bytes were kept. */
export interface KeptList {
  readonly name?: string | undefined;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** What statements can cover: the recorded files, and the lists that are kept for them. */
export class Coverage {
  readonly bytes: FileBytes;
  readonly #subject: Subject;
  readonly #lists: readonly Target[];

  constructor(subject: Subject, lists: readonly KeptList[], read: ReadFile) {
    this.bytes = new FileBytes(read);
    this.#subject = subject;
    const recorded = new Set(subject.files.map(({ sha256 }) => sha256));
    this.#lists = lists
      .filter(({ sha256 }) => !recorded.has(sha256))
      .map(({ name = '', sha256, bytes }) => ({ name, sha256, size: bytes.length, kept: bytes }));
  }

  /** Everything that may be signed, likely ones first: by the name that a statement has, then lists, then small files. */
  targets(hint: string | undefined): readonly Target[] {
    const bySize = [...this.#subject.files].sort((a, b) => a.size - b.size);
    const rank = ({ name, kept }: Target): number =>
      name !== '' && name === hint ? 0 : kept !== undefined ? 1 : isListName(name) ? 2 : 3;
    // Nobody signs a file that is itself a statement.
    const all: Target[] = [...this.#lists, ...bySize].filter(({ name }) => statementTarget(name) === undefined);
    return all.sort((a, b) => rank(a) - rank(b));
  }

  byDigest(sha256: string): Target[] {
    return [...this.#lists, ...this.#subject.files].filter((target) => target.sha256 === sha256);
  }

  /**
   * The files that an in-toto statement names by the right digests. Throws `E_EVIDENCE` where it gives another digest
   * for the name of a recorded file, be it another file's, or beside a right one.
   */
  async named(statement: Statement): Promise<Target[]> {
    const found: Target[] = [];
    for (const { name, digest } of statement.subjects) {
      const [sha256, sha512] = [digest.get('sha256'), digest.get('sha512')];
      if (sha256 === undefined && sha512 === undefined) continue;
      const candidates = sha256 !== undefined ? this.byDigest(sha256) : this.targets(name);
      const targets = sha512 === undefined ? candidates : await this.#withSha512(candidates, sha512);
      const named = this.#subject.files.find((file) => file.name === name);
      if (named !== undefined && !targets.some((target) => target.sha256 === named.sha256)) {
        fail('E_EVIDENCE', `the statement gives another digest for ${brief(named.name)} than the record`);
      }
      found.push(...targets);
    }
    return found;
  }

  async #withSha512(candidates: readonly Target[], sha512: string): Promise<Target[]> {
    const found: Target[] = [];
    for (const target of candidates) {
      if ((await this.bytes.digest(target, 'sha512')).toString('hex') === sha512) found.push(target);
    }
    return found;
  }

  /**
   * The recorded files that these cover: themselves, and whatever the lists among them name with the right digest.
   * Throws `E_EVIDENCE` where a list gives another digest for a recorded file.
   */
  async expand(direct: readonly Target[]): Promise<{ files: string[]; lists: ReadonlySet<string> }> {
    const files = new Set<string>();
    const lists = new Set<string>();
    const seen = new Set<Target>();
    const queue = [...direct];
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      if (seen.has(target)) continue;
      seen.add(target);
      if (target.kept !== undefined) lists.add(target.sha256);
      else files.add(target.name);
      if (target.kept === undefined && !(isListName(target.name) && target.size <= LIST_BYTES)) continue;
      queue.push(...(await this.#listed(target)));
    }
    return { files: [...files].sort(), lists };
  }

  async #listed(list: Target): Promise<Target[]> {
    const bytes = list.kept ?? (await this.bytes.whole(list));
    const digests = parseDigestList(
      bytes,
      list.name,
      this.#subject.files.map(({ name }) => name),
    );
    const found: Target[] = [];
    for (const file of this.#subject.files) {
      const listed = digests.get(file.name);
      if (listed === undefined) continue;
      if (await this.#isRight(file, listed)) found.push(file);
      else fail('E_EVIDENCE', `${listName(list)} gives another digest for ${brief(file.name)} than the record`);
    }
    const alone = loneDigest(bytes);
    if (alone !== undefined && digests.size === 0) {
      const { algorithm, digest } = alone;
      for (const file of this.#subject.files) if (await this.#has(file, algorithm, digest)) found.push(file);
    }
    return found;
  }

  /** Are all the digests that a list gives for the file right? */
  async #isRight(file: Target, listed: Readonly<Record<ListAlgorithm, ReadonlySet<string>>>): Promise<boolean> {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const digest of listed[algorithm]) if (!(await this.#has(file, algorithm, digest))) return false;
    }
    return true;
  }

  async #has(file: Target, algorithm: ListAlgorithm, digest: string): Promise<boolean> {
    if (algorithm === 'sha256') return file.sha256 === digest;
    return (await this.bytes.digest(file, 'sha512')).toString('hex') === digest;
  }
}

function listName({ name }: Target): string {
  return name === '' ? 'the signed list' : brief(name);
}
