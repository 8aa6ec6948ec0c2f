import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { jsonSchemas } from '../../scripts/json-schemas.ts';
import { policyOf, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';

const folder = join(import.meta.dirname, '../../ledger-schema/schemas');

test('the published JSON Schemas are those of the code', () => {
  for (const [name, text] of jsonSchemas()) expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
});

test('they take what the code writes, and refuse unknown keys', async () => {
  const validators = new Map(
    [...jsonSchemas()].map(([name, text]) => [
      name,
      new Ajv2020({ strict: false }).compile(JSON.parse(text) as object),
    ]),
  );
  const [ada, bot] = await Promise.all([person('ada'), person('mirror-bot')]);
  const tree: Tree = new Map();
  const path = await putRecord(tree, undefined);
  const checklist = JSON.parse(new TextDecoder().decode(tree.get(`${path}/checklist.json`))) as object;
  const policy = policyOf(1, { roots: [ada], executors: [bot], reviewers: [ada] });
  const valid = (name: string, value: object): boolean => validators.get(name)?.(value) === true;
  expect(valid('checklist.schema.json', checklist)).toBe(true);
  expect(valid('checklist.schema.json', { ...checklist, more: 1 })).toBe(false);
  expect(valid('policy.schema.json', policy)).toBe(true);
  expect(valid('policy.schema.json', { ...policy, version: 0 })).toBe(false);
  expect(
    valid('mirror.ini.schema.json', { ledger: { repository: 'acme/ledger' }, store: { 'public-url[]': ['x'] } }),
  ).toBe(true);
  expect(valid('mirror.ini.schema.json', { ledger: { repositry: 'acme/ledger' } })).toBe(false);
  expect(valid('tool.ini.schema.json', { release: { select: 'latest' }, assets: { 'include[]': ['*'] } })).toBe(true);
  expect(valid('tool.ini.schema.json', { assets: { 'include[]': '*' } })).toBe(false);
  expect(valid('tool.ini.schema.json', { asset: {} })).toBe(false);
});
