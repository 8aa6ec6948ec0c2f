import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../cli/wiring/settings/config.ts';
import { parseToolDefinition } from '../../upstream/tool-definition.ts';
import { blocksOf, PAGES, pageText } from './blocks.ts';
import { NOT_RUN, keyOf } from './page.ts';

/** Pages that a test of this folder follows. */
const FOLLOWED = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) =>
    [...readFileSync(join(import.meta.dirname, name), 'utf8').matchAll(/ followPage\('([^']+)'/g)].map(
      ([, page = '']) => page,
    ),
  );
const blocks = PAGES.flatMap((page) => blocksOf(page).map((block) => ({ page, block })));

test('every page with commands is followed by a test', () => {
  const pages = blocks.filter(({ block }) => block.language === 'sh').map(({ page }) => page);
  expect([...new Set(pages)].sort()).toEqual([...FOLLOWED].sort());
});

test('what is not run is there, and says why', () => {
  const keys = blocks.map(({ page, block }) => keyOf(page, block));
  expect(Object.keys(NOT_RUN).filter((key) => !keys.includes(key))).toEqual([]);
});

test("a block of a client's own commands stands in the page that its test follows", () => {
  const pages = blocks.filter(({ block }) => block.language === 'bash').map(({ page }) => page);
  expect([...new Set(pages)]).toEqual(['docs/recipes.md']);
});

test('every block says what it is', () => {
  const known = ['sh', 'bash', 'ini', 'json', 'js', 'text', 'mermaid', 'yaml', 'toml', 'dockerfile', 'starlark'];
  expect(
    blocks.filter(({ block }) => !known.includes(block.language)).map(({ page, block }) => keyOf(page, block)),
  ).toEqual([]);
});

const COMMAND =
  /^(?: {4}|\t)\s*(?:\$ )?(?:npm|npx|pullthrough|git|gpgv?|curl|cat|sha256sum|gh|kubectl|docker|node|export) /;

test('no command stands where nobody runs it', () => {
  const hidden = PAGES.flatMap((page) => {
    const fenced = new Set(
      blocksOf(page).flatMap(({ line, text }) => text.split('\n').map((_, index) => line + index)),
    );
    const lines = pageText(page).split('\n');
    return lines
      .filter((line, index) => !fenced.has(index + 1) && COMMAND.test(line))
      .map((line) => `${page}: ${line}`);
  });
  expect(hidden).toEqual([]);
});

test('every mirror.ini and tool.ini is one that the program takes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pt-ini-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const inis = blocks.filter(({ block }) => block.language === 'ini');
  expect(inis.length).toBeGreaterThan(3);
  for (const { page, block } of inis) {
    const whole = block.text.replace('sha256:…', `sha256:${'0'.repeat(64)}`);
    // A section of mirror.ini alone, for who has the rest.
    const text = whole.includes('[review]') ? `[ledger]\nrepository = acme/release-ledger\n${whole}` : whole;
    if (text.includes('[ledger]')) {
      writeFileSync(join(folder, 'mirror.ini'), text);
      const { ledger } = await loadConfig({}, folder);
      const inside = { kind: 'directory', path: join(folder, 'ledger.git') };
      const github = { kind: 'github', repository: 'acme/release-ledger' };
      expect(ledger.location, page).toEqual(page === 'docs/air-gap.md' ? inside : github);
    } else if (text.startsWith('[review]')) {
      writeFileSync(join(folder, 'mirror.ini'), text);
      await expect(loadConfig({}, folder), page).resolves.toBeDefined();
    } else {
      const tool = parseToolDefinition(text, page);
      if (page === 'docs/executor.md' && text.includes('[release]'))
        expect(tool).toMatchObject({ include: ['*linux*amd64*'], tagPrefix: 'cli/' });
    }
  }
});

test('every YAML and JSON block can be read', () => {
  for (const { page, block } of blocks) {
    if (block.language === 'yaml') expect(() => parse(block.text) as unknown, keyOf(page, block)).not.toThrow();
    if (block.language === 'json') expect(() => JSON.parse(block.text) as unknown, keyOf(page, block)).not.toThrow();
  }
});

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

test('every link to another page of ours leads somewhere', () => {
  const root = join(import.meta.dirname, '../..');
  const broken = PAGES.flatMap((page) =>
    [...pageText(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return [`${page}: ${link}`];
      const headings = target.endsWith('.md') ? [...pageText(target).matchAll(/^#+ (.*)$/gm)] : [];
      const known = headings.map(([, heading = '']) => slug(heading));
      return anchor === undefined || known.includes(anchor) ? [] : [`${page}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});
