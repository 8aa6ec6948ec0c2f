import { beforeAll, describe, expect, test } from 'vitest';
import { parseToolRequest } from '../../consumer/tool.ts';
import { toRelease } from '../../consumer/release.ts';
import { resolveRelease } from '../../consumer/resolve.ts';
import type { LedgerView } from '../../ledger/view/view.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { view } from '../kit/readers.ts';

let ledger: TestLedger;
let seen: LedgerView;

beforeAll(async () => {
  ledger = await TestLedger.create();
  const { ada, grace, linus } = ledger.people;
  const add = (repository: string, tag: string, more: object = {}) =>
    ledger.addRecord({ repository, tag, assets: { [`${tag.replaceAll('/', '-')}.bin`]: tag }, ...more });
  await add('jqlang/jq', 'jq-1.6');
  await add('jqlang/jq', 'jq-1.7');
  await add('jqlang/jq', 'jq-1.7.1', { nacks: [grace] });
  await add('jqlang/jq', 'jq-1.8.0', { acks: [] });
  await add('jqlang/jq', 'jq-1.9.0', { acks: [linus] });
  await add('jqlang/jq', 'jq-2.0.0', { signedBy: null });
  await add('jqlang/jq', 'jq-2.1.0', { signedBy: ada });
  await add('Wide/Tools', 'cli/v1.0.0');
  await add('Wide/Tools', 'cli/v1.2.0');
  await add('Wide/Tools', 'api/v0.1.0');
  await add('Wide/Tools', 'gui/v9.0.0', { acks: [] });
  await add('acme/pre', 'v1.0.0-rc.1');
  await add('acme/pre', 'latest');
  await add('acme/range', '1.2');
  await add('acme/range', '1.2.5');
  await add('aux/nul', 'v1');
  await add('acme/mixed', '1.4.0');
  await add('acme/mixed', '2024.01.02');
  await add('acme/mixed', '0.9.0');
  await add('team/tool', 'v1', { source: 'ghe.acme.example' });
  await ledger.commit();
  seen = await view(ledger);
});

const resolve = (text: string) => resolveRelease(seen, parseToolRequest(text, 'github.com'));
const tagOf = async (text: string) => (await resolve(text)).checklist.tag;

describe('TOOL@… stands for', () => {
  test.each([
    ['jqlang/jq@jq-1.6', 'jq-1.6'],
    ['JQLang/JQ@jq-1.6', 'jq-1.6'],
    ['GitHub.com/jqlang/jq@jq-1.6', 'jq-1.6'],
    ['jqlang/jq@1.6', 'jq-1.6'],
    ['jqlang/jq@latest', 'jq-1.7'],
    ['jqlang/jq@^1', 'jq-1.7'],
    ['jqlang/jq@<1.7', 'jq-1.6'],
    ['wide/tools@cli/latest', 'cli/v1.2.0'],
    ['wide/tools@cli/^1.0', 'cli/v1.2.0'],
    ['wide/tools@api/latest', 'api/v0.1.0'],
    ['wide/tools@cli/v1.0.0', 'cli/v1.0.0'],
    ['acme/pre@latest', 'v1.0.0-rc.1'],
    ['acme/pre@tag:latest', 'latest'],
    ['acme/range@1.2', '1.2'],
    ['acme/range@~1.2', '1.2.5'],
    ['ghe.acme.example/team/tool@v1', 'v1'],
    ['aux/nul@v1', 'v1'],
    ['acme/mixed@<1', '0.9.0'],
    ['acme/mixed@2024.01.02', '2024.01.02'],
    ['AUX/Nul@v1', 'v1'],
  ])('%s: %s', async (text, tag) => {
    expect(await tagOf(text)).toBe(tag);
  });

  test.each([
    ['a record that is not there', 'jqlang/jq@jq-9', 'E_NOT_FOUND'],
    ['a version that is not there', 'jqlang/jq@9.9.9', 'E_NOT_FOUND'],
    ['a tool that is not there', 'jqlang/jo@latest', 'E_NOT_FOUND'],
    ['an owner that is not there', 'nobody/jq@latest', 'E_NOT_FOUND'],
    ['a source that is not there', 'gitlab.com/jqlang/jq@latest', 'E_NOT_FOUND'],
    ['the tag in another case', 'jqlang/jq@JQ-1.6', 'E_NOT_FOUND'],
    ['a name that climbs', '../..@latest', 'E_NOT_FOUND'],
    ['a withdrawn record', 'jqlang/jq@jq-1.7.1', 'E_WITHDRAWN'],
    ['a withdrawn record by its version', 'jqlang/jq@1.7.1', 'E_NOT_FOUND'],
    ['a record without an ack', 'jqlang/jq@jq-1.8.0', 'E_NOT_ACKNOWLEDGED'],
    ['an ack by somebody who is not a reviewer', 'jqlang/jq@jq-1.9.0', 'E_NOT_ACKNOWLEDGED'],
    ['a record without a sign', 'jqlang/jq@jq-2.0.0', 'E_NO_SIGN'],
    ['a sign by somebody who is not an executor', 'jqlang/jq@jq-2.1.0', 'E_NO_SIGN'],
    ['a range that only what is not acknowledged meets', 'jqlang/jq@>=1.8', 'E_NOT_FOUND'],
    ['latest, where tags begin in several ways', 'wide/tools@latest', 'E_USAGE'],
    ['a range, where tags begin in several ways', 'wide/tools@^1', 'E_USAGE'],
    ['latest, where a date stands beside a number', 'acme/mixed@latest', 'E_USAGE'],
    ['a beginning of which nothing is acknowledged', 'wide/tools@gui/latest', 'E_NOT_FOUND'],
    ['a beginning that is not there', 'wide/tools@web/latest', 'E_NOT_FOUND'],
  ] as const)('nothing: %s', async (_, text, code) => {
    await expect(() => resolve(text)).toFailWith(code);
  });

  test('an error about several beginnings names those that are acknowledged, ready to be typed', async () => {
    await expect(resolve('wide/tools@latest')).rejects.toMatchObject({
      hint: 'name one of them: @api/latest, @cli/latest',
    });
  });

  test('who signed and who acked is told', async () => {
    const release = toRelease(await resolve('jqlang/jq@jq-1.7'), seen);
    expect(release).toMatchObject({
      tool: 'github.com/jqlang/jq',
      tag: 'jq-1.7',
      signedBy: { holder: 'mirror-bot', former: false },
      acks: [{ holder: 'ada' }],
      policy: { version: 1, sha256: ledger.pin() },
      assets: [{ name: 'jq-1.7.bin', size: 6 }],
      ledger: { path: 'packages/github.com/jqlang/jq/jq-1.7' },
    });
  });

  test('past the expiry of the newest policy nothing is resolved, and the error says whom to ask', async () => {
    const late = await view(ledger, { now: new Date('2030-01-01T00:00:00Z') });
    const resolving = resolveRelease(late, parseToolRequest('jqlang/jq@jq-1.6', 'github.com'));
    await expect(resolving).rejects.toMatchObject({
      code: 'E_POLICY_EXPIRED',
      hint: expect.stringContaining('ada, grace, linus') as string,
    });
  });
});

test.each([
  ['newowner/jq@latest', 'the ledger has jqlang/jq: a repository that was renamed'],
  ['Acme/newname@v1', 'the ledger has acme/mixed, acme/pre, acme/range: a repository that was renamed'],
  ['nobody/nothing@v1', 'look at its spelling'],
])('what may be a new name is answered by the names that are recorded: %s', async (text, hint) => {
  await expect(resolve(text)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
    hint: expect.stringContaining(hint) as string,
  });
});
