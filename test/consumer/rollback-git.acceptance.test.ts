import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Consumer } from '../../consumer/consumer.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import { verify } from '../../consumer/index.ts';
import { SILENT } from '../../io/progress.ts';
import { nackPath, utf8 } from '../../ledger-schema/index.ts';
import { createGitHandler } from '../servers/git.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { NOW, temporaryFolder } from '../kit/readers.ts';

const ASSETS = { 'tool-linux-amd64': 'linux' };

/** How a ledger is reached. */
type Transport = 'a directory' | 'file' | 'http';

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
});

async function urlOf(ledger: TestLedger, transport: Transport): Promise<string> {
  if (transport === 'a directory') return ledger.directory;
  if (transport === 'file') return `file://${ledger.directory}`;
  const server = createServer(createGitHandler({ root: dirname(ledger.directory) }));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ledger.git`;
}

/** A consumer's machine that knows one ledger. */
async function machine(ledger: TestLedger, transport: Transport, pin = ledger.pin()): Promise<ConsumerOptions> {
  const home = await temporaryFolder();
  const url = await urlOf(ledger, transport);
  return { ledger: url, pin, cacheDir: `${home}/cache`, stateDir: `${home}/state`, now: NOW };
}

const lose = (options: ConsumerOptions) => rm(options.cacheDir ?? '', { recursive: true });

describe.each(['a directory', 'http'] as const)('a ledger by %s', (transport) => {
  let ledger: TestLedger;
  let older: string;
  let newer: string;
  let forked: string;

  beforeAll(async () => {
    ledger = await TestLedger.create();
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    older = await ledger.commit();
    const record = await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: ASSETS });
    newer = await ledger.commit();
    await ledger.nack(record, ledger.people.grace);
    forked = await ledger.commit({ branch: 'fork', parent: older });
  });

  test('is verified, and verified again', async () => {
    await ledger.reset(newer);
    const options = await machine(ledger, transport);
    for (let i = 0; i < 2; i++) {
      expect(await verify('acme/tool@latest', options)).toMatchObject({ tag: 'v1.1.0', ledger: { commit: newer } });
    }
  });

  test('that moves on is followed', async () => {
    await ledger.reset(older);
    const options = await machine(ledger, transport);
    expect(await verify('acme/tool@latest', options)).toMatchObject({ tag: 'v1.0.0' });
    await ledger.reset(newer);
    expect(await verify('acme/tool@latest', options)).toMatchObject({ tag: 'v1.1.0' });
  });

  test('that moved on while the clone was lost is followed', async () => {
    await ledger.reset(older);
    const options = await machine(ledger, transport);
    await verify('acme/tool@latest', options);
    await lose(options);
    await ledger.reset(newer);
    expect(await verify('acme/tool@latest', options)).toMatchObject({ tag: 'v1.1.0' });
  });

  test.each([
    ['with its clone', false],
    ['with its clone lost', true],
  ])('shown older than it was seen is refused, %s', async (_, lost) => {
    await ledger.reset(newer);
    const options = await machine(ledger, transport);
    await verify('acme/tool@latest', options);
    await ledger.reset(older);
    if (lost) await lose(options);
    // Without the newer commit nobody can tell an older state from another one.
    await expect(verify('acme/tool@latest', options)).rejects.toMatchObject({
      code: expect.stringMatching(/^E_(ROLLBACK|FORK)$/) as string,
      exit: 3,
    });
    await ledger.reset(newer);
    expect(await verify('acme/tool@latest', options)).toMatchObject({ tag: 'v1.1.0' });
  });

  test('whose history was rewritten is refused', async () => {
    await ledger.reset(newer);
    const options = await machine(ledger, transport);
    await verify('acme/tool@latest', options);
    await ledger.reset(forked);
    await expect(() => verify('acme/tool@latest', options)).toFailWith('E_FORK');
  });

  test.each([
    ['with its clone', false],
    ['with its clone lost', true],
  ])('that lost a nack is refused, and taken again when it is back, %s', async (_, lost) => {
    const honest = await TestLedger.create();
    const withdrawn = await honest.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await honest.nack(withdrawn, honest.people.grace);
    const before = await honest.commit();
    const options = await machine(honest, transport);
    await expect(() => verify('acme/tool@v1.0.0', options)).toFailWith('E_WITHDRAWN');
    honest.files.delete(nackPath(withdrawn, honest.people.grace.fingerprint));
    await honest.commit();
    if (lost) await lose(options);
    await expect(() => verify('acme/tool@v1.0.0', options)).toFailWith('E_APPEND_ONLY');
    // Offline it is the ledger as it was taken last, as far as that is still here.
    await expect(() => verify('acme/tool@v1.0.0', { ...options, offline: true })).toFailWith(
      lost ? 'E_LEDGER_UNREACHABLE' : 'E_WITHDRAWN',
    );
    await honest.nack(withdrawn, honest.people.grace);
    await honest.addRecord({ repository: 'acme/tool', tag: 'v1.1.0', assets: ASSETS });
    const after = await honest.commit({ parent: before });
    expect(await verify('acme/tool@v1.1.0', options)).toMatchObject({ ledger: { commit: after } });
    await expect(() => verify('acme/tool@v1.0.0', options)).toFailWith('E_WITHDRAWN');
  });

  test.each([1, 40])('rewritten in %d commits, nothing of the old ones left anywhere, is refused', async (length) => {
    const rewritten = await TestLedger.create();
    const first = await rewritten.commit();
    await rewritten.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await rewritten.commit();
    const options = await machine(rewritten, transport);
    await verify('acme/tool@v1.0.0', options);
    await rewritten.reset(first);
    for (let i = 0; i < length; i++) {
      rewritten.files.set('README.md', utf8(`${i}\n`));
      await rewritten.commit();
    }
    await rewritten.forget();
    await lose(options);
    await expect(() => verify('acme/tool@v1.0.0', options)).toFailWith('E_FORK');
  });

  test('made again with the other kind of object ids is refused', async () => {
    const remade = await TestLedger.create();
    await remade.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await remade.commit();
    const options = await machine(remade, transport);
    await verify('acme/tool@v1.0.0', options);
    await remade.remake('sha256');
    for (let i = 0; i < 40; i++) await remade.commit();
    await expect(() => verify('acme/tool@v1.0.0', options)).toFailWith('E_FORK');
  });

  test('offline older than it was seen is refused', async () => {
    await ledger.reset(older);
    const options = await machine(ledger, transport);
    await verify('acme/tool@v1.0.0', options);
    await ledger.reset(newer);
    await verify('acme/tool@latest', { ...options, cacheDir: `${options.cacheDir ?? ''}-of-another-machine` });
    await expect(() => verify('acme/tool@v1.0.0', { ...options, offline: true })).toFailWith('E_FORK');
  });

  test('offline is what was seen before one that was refused', async () => {
    await ledger.reset(newer);
    const options = await machine(ledger, transport);
    await verify('acme/tool@latest', options);
    await ledger.reset(forked);
    await expect(() => verify('acme/tool@latest', options)).toFailWith('E_FORK');
    const warnings: string[] = [];
    const progress = { ...SILENT, warn: (message: string) => void warnings.push(message) };
    const offline = await verify('acme/tool@latest', { ...options, offline: true, progress });
    expect(offline).toMatchObject({ tag: 'v1.1.0', ledger: { commit: newer } });
    expect(warnings).toEqual([expect.stringContaining(`does not descend from ${newer}`)]);
  });

  test('offline is what was fetched last', async () => {
    await ledger.reset(older);
    const options = await machine(ledger, transport);
    await verify('acme/tool@v1.0.0', options);
    await ledger.reset(newer);
    expect(await verify('acme/tool@latest', { ...options, offline: true })).toMatchObject({ tag: 'v1.0.0' });
  });
});

describe('policies', () => {
  async function rotated(): Promise<{ ledger: TestLedger; first: string; second: string; other: string }> {
    const ledger = await TestLedger.create();
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    const first = await ledger.commit();
    await ledger.addPolicy({ expires: '2029-01-01T00:00:00Z' });
    const second = await ledger.commit();
    ledger.files.delete('trust/2.policy.json');
    const other = await ledger.commit({ branch: 'other', parent: second });
    return { ledger, first, second, other };
  }

  test('the newest that the pin leads to is used', async () => {
    const { ledger } = await rotated();
    const options = await machine(ledger, 'a directory', ledger.pin(1));
    expect(await verify('acme/tool@latest', options)).toMatchObject({
      policy: { version: 2, expires: '2029-01-01T00:00:00Z' },
    });
  });

  test('a policy that was seen and is gone is refused, though the commit is a newer one', async () => {
    const { ledger, other } = await rotated();
    const options = await machine(ledger, 'a directory', ledger.pin(1));
    await verify('acme/tool@latest', options);
    await ledger.reset(other);
    await expect(() => verify('acme/tool@latest', options)).toFailWith('E_ROLLBACK');
  });

  test('the pin may move along the chain', async () => {
    const { ledger } = await rotated();
    const options = await machine(ledger, 'a directory', ledger.pin(2));
    await verify('acme/tool@latest', options);
    await verify('acme/tool@latest', { ...options, pin: ledger.pin(1) });
    await verify('acme/tool@latest', { ...options, pin: `sha256:${ledger.pin(2)}` });
  });

  test('a pin that the remembered chain does not lead to is refused', async () => {
    const { ledger, first } = await rotated();
    await ledger.reset(first);
    const options = await machine(ledger, 'a directory', ledger.pin(1));
    await verify('acme/tool@latest', options);
    // Somebody else's roots sign another policy 3 and say: pin that.
    await ledger.addPolicy({ roots: { threshold: 1, holders: ['linus'] } }, []);
    await ledger.commit();
    await expect(() => verify('acme/tool@latest', { ...options, pin: ledger.pin(3) })).toFailWith('E_FORK');
  });
});

describe('a consumer', () => {
  test('takes a ledger by file:// as it takes a directory', async () => {
    const ledger = await TestLedger.create();
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await ledger.commit();
    expect(await verify('acme/tool@latest', await machine(ledger, 'file'))).toMatchObject({ tag: 'v1.0.0' });
  });

  test('of a ledger that is not there fails, and remembers nothing', async () => {
    const home = await temporaryFolder();
    const options = {
      ledger: `${home}/none.git`,
      pin: '0'.repeat(64),
      cacheDir: `${home}/cache`,
      stateDir: `${home}/state`,
    };
    await expect(() => verify('acme/tool@latest', options)).toFailWith('E_LEDGER_UNREACHABLE');
  });

  test('of an empty branch says so', async () => {
    const ledger = await TestLedger.create();
    await ledger.commit();
    const options = await machine(ledger, 'http');
    await expect(() => verify('acme/tool@latest', { ...options, branch: 'none' })).toFailWith('E_POLICY_MISSING');
  });

  test.each(['', 'sha256:', 'A'.repeat(64), `sha512:${'a'.repeat(64)}`])('with the pin %j is refused', async (pin) => {
    await expect(() => Consumer.open({ ledger: '/nowhere', pin })).toFailWith('E_NO_PIN');
  });

  test('two at once on one machine both succeed', async () => {
    const ledger = await TestLedger.create();
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: ASSETS });
    await ledger.commit();
    const options = await machine(ledger, 'http');
    const both = await Promise.all([verify('acme/tool@latest', options), verify('acme/tool@latest', options)]);
    expect(both.map(({ tag }) => tag)).toEqual(['v1.0.0', 'v1.0.0']);
  });
});
