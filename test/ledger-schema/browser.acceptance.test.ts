import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pt-browser-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A module and all that it needs, as a bundler makes it for browsers; whatever it couldn't put in is in `imports`. */
async function bundle(entry: string): Promise<{ code: string; imports: readonly string[] }> {
  const made = await rolldown({ input: entry, platform: 'browser', external: /^node:/, logLevel: 'silent' });
  try {
    const { output } = await made.generate({ format: 'esm', codeSplitting: false });
    const { code, fileName, ...chunk } = output[0];
    // What is loaded later and was put in all the same shows as itself.
    return { code, imports: [...chunk.imports, ...chunk.dynamicImports].filter((name) => name !== fileName) };
  } finally {
    await made.close();
  }
}

/** What node has and a browser hasn't; they are taken away before the bundle is looked at. */
const NODE_ONLY = ['Buffer', 'process', 'global', 'setImmediate', 'clearImmediate'];

/** Runs a bundle where there is nothing but what browsers have too; `use` is the body of a function of its exports. */
function runInBrowser(code: string, use: string): { status: number | null; said: string } {
  writeFileSync(join(folder, 'bundle.mjs'), code);
  const main = [
    // Node makes it at its first use, with what is taken away next.
    `globalThis.crypto.subtle;`,
    // The name that pages and workers have for it, and node hasn't.
    `globalThis.self = globalThis;`,
    `for (const name of ${JSON.stringify(NODE_ONLY)}) delete globalThis[name];`,
    `const schema = await import('./bundle.mjs');`,
    `console.log(await (async (schema) => { ${use} })(schema));`,
  ];
  writeFileSync(join(folder, 'main.mjs'), main.join('\n'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' });
  return { status, said: status === 0 ? stdout.trim() : stderr };
}

test('ledger-schema judges a record where there is nothing of node', async () => {
  const [ada, bot] = await Promise.all([person('ada'), person('mirror-bot')]);
  const tree: Tree = new Map();
  await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada] }, [ada]);
  const path = await putRecord(tree, bot, [ada]);
  const { code, imports } = await bundle('ledger-schema/index.ts');
  expect(imports).toEqual([]);
  const files = JSON.stringify([...tree].map(([name, bytes]) => [name, [...bytes]]));
  const use = `
    const tree = new Map(${files}.map(([name, bytes]) => [name, Uint8Array.from(bytes)]));
    const below = (folder) => [...tree.keys()].filter((name) => name.startsWith(folder + '/'))
      .map((name) => ({ name: name.slice(folder.length + 1), mode: '100644', oid: name }))
      .filter(({ name }) => !name.includes('/'));
    const read = async (name) => tree.get(name);
    const trust = await schema.establishTrust({ list: async (folder) => below(folder), read }, { now: new Date() });
    const path = ${JSON.stringify(path)};
    const record = { path, entries: below(path), read: (name) => read(path + '/' + name) };
    const status = await schema.verifyRecord(record, trust);
    return status.state + ' by ' + status.ackHolders.join();`;
  expect(runInBrowser(code, use)).toEqual({ status: 0, said: 'acknowledged by ada' });
});

describe('the check itself', () => {
  test.each([
    ['a module of node', "export { readFileSync } from 'node:fs';", 'node:fs'],
    ['one that is loaded later', "export const read = () => import('node:fs');", 'node:fs'],
    ['one by its bare name', "export { readFileSync } from 'fs';", 'fs'],
  ])('sees %s', async (_, source, name) => {
    const entry = join(folder, 'entry.mjs');
    writeFileSync(entry, source);
    expect((await bundle(entry)).imports.join()).toContain(name);
  });

  test.each(['Buffer.from("x").toString()', 'process.version', 'global.x'])('fails on %s', (expression) => {
    const { status, said } = runInBrowser('export const nothing = 1;', `return ${expression};`);
    expect(status).toBe(1);
    expect(said).toContain('is not defined');
  });
});
