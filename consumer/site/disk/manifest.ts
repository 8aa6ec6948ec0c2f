import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { fail } from '../../../ledger-schema/index.ts';
import { ioError, systemCode } from '../../../io/io-error.ts';
import type { KnownRelease, KnownTool } from '../model.ts';

/** What a site was made of and what was written for it, a line for each tool: so the next run writes what changed. */
export const MANIFEST = '.pullthrough-site';

const headSchema = z.strictObject({
  format: z.literal(1),
  made: z.literal('by pullthrough site'),
  /** The ledger's id. */
  ledger: z.string(),
  commit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
  /** Files that belong to no tool. */
  files: z.array(z.string()),
});

/** A tool with its line, which stays as it is where nothing changed. */
export interface KnownLine {
  readonly tool: KnownTool;
  readonly line: string;
}

export type ManifestHead = Omit<z.infer<typeof headSchema>, 'format' | 'made'>;

const MOST_PAGES = 1_000_000;
const CHUNK = 1 << 20;
const LONGEST_LINE = 1 << 28;

/** What an earlier run wrote down; tools come in the order of their paths, and are read as they are asked for. */
export class OldManifest {
  readonly head: ManifestHead | undefined;
  readonly #root: string;
  readonly #lines: Iterator<string>;
  #next: KnownLine | undefined;

  private constructor(root: string, head: ManifestHead | undefined, lines: Iterator<string>) {
    this.#root = root;
    this.head = head;
    this.#lines = lines;
    this.#advance();
  }

  /** Throws `E_EXISTS` for one of another ledger or another program. */
  static open(root: string, ledger: string): OldManifest {
    const lines = linesOf(join(root, MANIFEST));
    const first = lines.next();
    if (first.done === true) return new OldManifest(root, undefined, lines);
    const head = headSchema.safeParse(parse(first.value));
    if (!head.success) damaged(root);
    if (head.data.ledger !== ledger) {
      fail('E_EXISTS', `${root} holds the site of another ledger, ${head.data.ledger}`, {
        hint: 'name another folder',
      });
    }
    return new OldManifest(root, head.data, lines);
  }

  /** The tools before `path`, which are gone, go to `gone`; then the one of that path, if it is known. Throws `E_EXISTS`. */
  take(path: string | undefined, gone: (tool: KnownTool) => void): KnownLine | undefined {
    while (this.#next !== undefined && (path === undefined || this.#next.tool.path < path)) {
      gone(this.#next.tool);
      this.#advance();
    }
    if (this.#next === undefined || this.#next.tool.path !== path) return undefined;
    const found = this.#next;
    this.#advance();
    return found;
  }

  #advance(): void {
    const next = this.#lines.next();
    if (next.done === true) return void (this.#next = undefined);
    const tool = parse(next.value);
    this.#next = isTool(tool) ? { tool, line: next.value } : damaged(this.#root);
  }
}

/** Can it be read as a tool? Whether a path in it stays in the folder is looked at where it is used. */
function isTool(value: unknown): value is KnownTool {
  const tool = (value ?? {}) as Partial<Record<keyof KnownTool, unknown>>;
  const { source, repository, path, folder, tree, key, pages, releases, more } = tool;
  return (
    [source, repository, path, folder, tree, key].every((each) => typeof each === 'string') &&
    Number.isInteger(pages) &&
    Number(pages) <= MOST_PAGES &&
    isTexts(more) &&
    Array.isArray(releases) &&
    releases.every((release: Partial<Record<keyof KnownRelease, unknown>> | null) => {
      const { tag, tree: record, state, by, slug } = release ?? {};
      const texts = [tag, record, state, slug ?? ''].every((each) => typeof each === 'string');
      return texts && isTexts(by);
    })
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

export function headLine(head: ManifestHead): string {
  return JSON.stringify({ format: 1, made: 'by pullthrough site', ...head });
}

function damaged(root: string): never {
  return fail('E_EXISTS', `${join(root, MANIFEST)} is not what pullthrough wrote there`, {
    hint: 'remove the folder, or name another one: the site is made from nothing then',
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The lines of a file, a part of it in memory at a time; none where it isn't there. */
function* linesOf(path: string): Generator<string, void, undefined> {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw ioError(error, `cannot read ${path}`);
  }
  try {
    if (!fstatSync(handle).isFile()) return;
    const decoder = new StringDecoder('utf8');
    const chunk = Buffer.alloc(CHUNK);
    let rest = '';
    for (;;) {
      const read = readSync(handle, chunk, 0, CHUNK, null);
      const text = read === 0 ? decoder.end() : decoder.write(chunk.subarray(0, read));
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (read === 0) break;
      if (rest.length > LONGEST_LINE) fail('E_TOO_LARGE', `${path} has a line that is too long`);
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(handle);
  }
}
