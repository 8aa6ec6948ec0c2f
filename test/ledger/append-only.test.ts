import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { requireOnlyAdded } from '../../ledger/git/objects/append-only.ts';
import type { TreeReader } from '../../ledger/git/objects/append-only.ts';
import type { TreeEntry } from '../../ledger/snapshot.ts';

/** Files by their path: contents, or contents with a mode. */
type Files = Readonly<Record<string, string | readonly [mode: string, content: string]>>;

/** Trees as git has them, in memory; it counts what is asked of it. */
class Trees implements TreeReader {
  readonly #trees = new Map<string, readonly TreeEntry[]>();
  readonly requests: string[][] = [];

  add(files: Files): string {
    const folders = new Map<string, Record<string, Files[string]>>();
    const entries: TreeEntry[] = [];
    for (const [path, value] of Object.entries(files)) {
      const cut = path.indexOf('/');
      const [mode, content] = typeof value === 'string' ? ['100644', value] : value;
      if (cut < 0) entries.push({ name: path, mode, oid: hash(content) });
      else folders.set(path.slice(0, cut), { ...folders.get(path.slice(0, cut)), [path.slice(cut + 1)]: value });
    }
    for (const [name, below] of folders) entries.push({ name, mode: '040000', oid: this.add(below) });
    return this.put(entries);
  }

  put(entries: readonly TreeEntry[]): string {
    const oid = hash(JSON.stringify(entries));
    this.#trees.set(oid, entries);
    return oid;
  }

  async trees(oids: readonly string[]): Promise<readonly (readonly TreeEntry[])[]> {
    this.requests.push([...oids]);
    return oids.map((oid) => {
      const entries = this.#trees.get(oid);
      if (entries === undefined) throw new Error(`no tree ${oid}`);
      return entries;
    });
  }
}

const hash = (text: string) => createHash('sha1').update(text).digest('hex');
const RECORD = 'packages/github.com/jqlang/jq/jq-1.7.1';
const LEDGER: Files = {
  'README.md': 'a ledger',
  'trust/1.policy.json': 'policy 1',
  'trust/keys/ada.asc': 'a key',
  [`${RECORD}/checklist.sha256`]: 'sums',
  [`${RECORD}/checklist.sha256.ADA.nack`]: 'nack',
};

const LEDGER_TRUST: Files = { 'trust/1.policy.json': 'policy 1', 'trust/keys/ada.asc': 'a key' };

async function compare(before: Files, after: Files): Promise<Trees> {
  const trees = new Trees();
  await requireOnlyAdded(trees, trees.add(before), trees.add(after));
  return trees;
}

const without = (path: string): Files => Object.fromEntries(Object.entries(LEDGER).filter(([name]) => name !== path));

describe('between two states of a ledger', () => {
  test.each<[string, Files]>([
    ['nothing', {}],
    ['a record', { 'packages/github.com/cli/cli/v2/checklist.sha256': 'sums' }],
    ['a record of the same tool', { 'packages/github.com/jqlang/jq/jq-1.8/checklist.sha256': 'sums' }],
    ['an ack', { [`${RECORD}/checklist.sha256.ADA.ack`]: 'ack' }],
    ['a policy', { 'trust/2.policy.json': 'policy 2' }],
    ['another source', { 'packages/ghe.acme.example/a/b/v1/checklist.sha256': 'sums' }],
    ['what the format does not know', { 'packages/notes.txt': 'notes' }],
    ["the owner's own files, changed", { 'README.md': 'changed', '.github/workflows/gate.yml': 'on: push' }],
  ])('%s may be added', async (_, added) => {
    await compare(LEDGER, { ...LEDGER, ...added });
  });

  test("the owner's own files may be removed", async () => {
    await compare(LEDGER, without('README.md'));
  });

  test.each<[string, Files, string]>([
    ['a removed nack', without(`${RECORD}/checklist.sha256.ADA.nack`), 'ADA.nack was removed'],
    ['a removed policy', without('trust/1.policy.json'), 'trust/1.policy.json was removed'],
    ['a removed key', without('trust/keys/ada.asc'), 'trust/keys was removed'],
    ['everything removed', { 'README.md': 'a ledger' }, 'was removed'],
    ['a changed file', { ...LEDGER, [`${RECORD}/checklist.sha256`]: 'other sums' }, 'checklist.sha256 was changed'],
    ['a changed mode', { ...LEDGER, [`${RECORD}/checklist.sha256`]: ['100755', 'sums'] }, 'was changed'],
    ['a file made a link', { ...LEDGER, 'trust/1.policy.json': ['120000', 'policy 1'] }, 'was changed'],
    ['a folder made a file', { ...LEDGER_TRUST, packages: 'file' }, 'packages was changed'],
  ])('%s is refused', async (_, after, says) => {
    await expect(compare(LEDGER, after)).rejects.toMatchObject({
      code: 'E_APPEND_ONLY',
      exit: 3,
      message: expect.stringContaining(says) as string,
    });
  });

  test('a second entry of the same name is refused', async () => {
    const trees = new Trees();
    const old = { name: 'a', mode: '100644', oid: hash('old') };
    const root = (entries: TreeEntry[]) => trees.put([{ name: 'trust', mode: '040000', oid: trees.put(entries) }]);
    const both = [old, { ...old, oid: hash('new') }];
    await expect(requireOnlyAdded(trees, root([old]), root(both))).toFailWith('E_APPEND_ONLY');
  });

  test('a folder below a record that differs is refused unread', async () => {
    const before = { ...LEDGER, [`${RECORD}/sub/a`]: 'a' };
    await expect(compare(before, { ...before, [`${RECORD}/sub/b`]: 'b' })).toFailWith('E_APPEND_ONLY');
  });

  test('equal trees are skipped, added ones not read, and a level is one request', async () => {
    const many: Record<string, string> = {};
    for (let i = 0; i < 500; i++) many[`packages/github.com/owner-${i}/tool/v1/checklist.sha256`] = `sums ${i}`;
    const before = { ...LEDGER, ...many };
    const added = {
      [`${RECORD}/checklist.sha256.ADA.ack`]: 'ack',
      'packages/github.com/owner-7/tool/v2/checklist.sha256': 'sums',
      'packages/github.com/owner-new/tool/v1/checklist.sha256': 'sums',
    };
    const trees = await compare(before, { ...before, ...added });
    expect(trees.requests.map((oids) => oids.length)).toEqual([2, 2, 2, 4, 4, 2]);
  });

  test('trees that hold one another again and again cost nothing more', async () => {
    const trees = new Trees();
    const nest = (leaf: string): string => {
      let oid = trees.put([{ name: 'f', mode: '100644', oid: hash(leaf) }]);
      for (let depth = 0; depth < 5; depth++) {
        oid = trees.put(Array.from({ length: 1000 }, (_, i) => ({ name: `d${i}`, mode: '040000', oid })));
      }
      return trees.put([{ name: 'packages', mode: '040000', oid }]);
    };
    await expect(requireOnlyAdded(trees, nest('a'), nest('b'))).toFailWith('E_APPEND_ONLY');
    expect(trees.requests.flat().length).toBeLessThan(20);
  });
});
