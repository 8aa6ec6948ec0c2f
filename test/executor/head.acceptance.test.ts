import { basename, dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { verify } from '../../consumer/index.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import { publishHead } from '../../executor/propose/publish-head.ts';
import { concatBytes, sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { checkHead, encodeHead, headData, parseHead } from '../../ledger-schema/head.ts';
import type { Head } from '../../ledger-schema/head.ts';
import type { Trust } from '../../ledger-schema/trust.ts';
import { openView } from '../../ledger/view/view.ts';
import { fileSigner } from '../../ledger/signing/signer.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { world } from '../kit/worlds/executor-world.ts';
import { startGitServer } from '../servers/git-server.ts';
import type { World } from '../kit/worlds/executor-world.ts';

const DAY = 86_400_000;

/** A ledger with one acknowledged release, and a consumer who wants its head to be a day old at most. */
async function held(): Promise<{ made: World; options: ConsumerOptions; publish: () => Promise<Head> }> {
  const made = await world();
  const repository = made.github.addRepository('acme/tool');
  await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 'tool', content: 'bytes' }] });
  await made.tool('acme/tool');
  await made.hold();
  const home = join(made.folder, 'home');
  const options = {
    ledger: made.ledgerDirectory,
    pin: sha256Hex(utf8(`${made.file('main', 'trust/1.policy.json')}\n`)),
    cacheDir: join(home, 'cache'),
    stateDir: join(home, 'state'),
    now: made.now,
    maxAge: DAY,
  };
  const publish = () => made.run(async (context) => publishHead(context, await made.signing()));
  return { made, options, publish };
}

const RELEASE = 'acme/tool@v1.0.0';

it('a frozen ledger is refused by who asks for a head, and taken again when an executor has signed one', async () => {
  const { made, options, publish } = await held();
  await verify(RELEASE, { ...options, maxAge: undefined });
  await expect(verify(RELEASE, options)).toFailWith('E_STALE');
  const before = made.git(['rev-parse', 'main']);
  const head = await publish();
  expect(head).toMatchObject({ commit: before, policy: { version: 1, sha256: options.pin } });
  expect(await verify(RELEASE, options)).toMatchObject({ tag: 'v1.0.0' });
  expect(made.git(['rev-list', '--count', 'pullthrough-head'])).toBe('1');
  const old = made.git(['rev-parse', 'pullthrough-head']);

  made.now = new Date(made.now.getTime() + 2 * DAY);
  const later = { ...options, now: made.now };
  await expect(verify(RELEASE, later)).toFailWith('E_STALE');
  await verify(RELEASE, { ...later, maxAge: 3 * DAY - 1 });
  made.commit('main', 'README.md', 'newer\n');
  await publish();
  expect(made.git(['rev-list', '--count', 'pullthrough-head'])).toBe('1');
  await verify(RELEASE, later);

  // A head of a commit that the ledger does not show, and an older head than was seen.
  const now = made.git(['rev-parse', 'main']);
  const elsewhere = { ...later, stateDir: join(made.folder, 'elsewhere') };
  made.git(['update-ref', 'refs/heads/main', before]);
  await expect(verify(RELEASE, elsewhere)).toFailWith('E_STALE');
  made.git(['update-ref', 'refs/heads/main', now]);
  made.git(['update-ref', 'refs/heads/pullthrough-head', old]);
  await expect(verify(RELEASE, { ...later, maxAge: 9 * DAY })).toFailWith('E_STALE');
  await verify(RELEASE, { ...elsewhere, maxAge: 3 * DAY - 1 });
});

it('a host that shows a ledger which is refused, and then nothing, holds it back no longer than max-age', async () => {
  const { made, options, publish } = await held();
  await publish();
  await verify(RELEASE, options);
  const first = made.git(['rev-list', '--max-parents=0', 'main']);
  const other = made.git(['commit-tree', 'main^{tree}', '-p', first, '-m', 'another history']);
  made.git(['update-ref', 'refs/heads/main', other]);
  await expect(verify(RELEASE, options)).toFailWith('E_FORK');
  const offline = { ...options, offline: true };
  expect(await verify(RELEASE, offline)).toMatchObject({ tag: 'v1.0.0' });
  const later = { ...offline, now: new Date(made.now.getTime() + 2 * DAY) };
  await expect(verify(RELEASE, later)).toFailWith('E_FORK');
  expect(await verify(RELEASE, { ...later, maxAge: undefined })).toMatchObject({ tag: 'v1.0.0' });
});

it('a head costs a consumer no request more, but for what brings a newer one', async () => {
  const { made, options, publish } = await held();
  const server = await startGitServer({ root: dirname(made.ledgerDirectory) });
  onTestFinished(() => server.close());
  const ledger = `${server.origin}/${basename(made.ledgerDirectory)}`;
  await publish();
  const count = async (name: string, maxAge: number | undefined): Promise<number> => {
    const home = { cacheDir: join(made.folder, name, 'cache'), stateDir: join(made.folder, name, 'state') };
    server.reset();
    await verify(RELEASE, { ...options, ...home, ledger, maxAge, now: made.now });
    return server.requests.length;
  };
  const more = async () => {
    const plain = await count('plain', undefined);
    return (await count('asking', DAY)) - plain;
  };
  const first = await more();
  const nothingNew = await more();
  made.now = new Date(made.now.getTime() + 60_000);
  await publish();
  const newHead = await more();
  made.commit('main', 'README.md', 'newer\n');
  await publish();
  const allNew = await more();
  expect({ first, nothingNew, newHead, allNew }).toEqual({ first: 0, nothingNew: 0, newHead: 2, allNew: 1 });
});

it('a head is read from its two files alone, too', async () => {
  const { made, options, publish } = await held();
  await publish();
  const tree = made.git(['rev-parse', 'pullthrough-head^{tree}']);
  const commit = made.git(['commit-tree', tree, '-m', 'another title']);
  made.git(['update-ref', 'refs/heads/pullthrough-head', commit]);
  expect(await verify(RELEASE, options)).toMatchObject({ tag: 'v1.0.0' });
  const names = made.git(['ls-tree', '--name-only', 'pullthrough-head']).split('\n');
  expect(names).toEqual(['head.json', expect.stringMatching(/^head\.json\.[0-9A-F]{40}\.sign$/)]);
});

it('a head counts by the signature of a current executor over a head and nothing else', async () => {
  const { made } = await held();
  const { bot, ada, stranger } = await people();
  const trust = (await made.run((context) => openView(context))).trust;
  const policy = { version: 1, sha256: trust.chain[0]?.sha256 ?? '' };
  const times = { issued: '2026-11-29T12:00:00Z', expires: '2026-12-02T12:00:00Z' };
  const head: Head = { format: 1, commit: 'a'.repeat(40), policy, ...times };
  const bytes = encodeHead(head);
  expect(parseHead(bytes)).toEqual(head);
  const sign = async (key: typeof bot, data: Uint8Array) => (await fileSigner({ key: key.secret })).sign(data);
  const good = await sign(bot, headData(bytes));
  expect(await checkHead(bytes, [good], trust)).toMatchObject({ head, signedBy: { holder: 'mirror-bot' } });
  for (const bad of [
    await sign(ada, headData(bytes)),
    await sign(stranger, headData(bytes)),
    await sign(bot, bytes),
    await sign(bot, headData(encodeHead({ ...head, commit: 'b'.repeat(40) }))),
  ]) {
    await expect(checkHead(bytes, [bad], trust)).toFailWith('E_STALE');
  }
  await expect(checkHead(bytes, [], trust)).toFailWith('E_STALE');
  const former = trust.executorKeys.map(({ key }) => ({ key, holder: undefined }));
  for (const executorKeys of [former, []]) {
    const { keyring, now, policy } = trust;
    const retired = { keyring, now, policy, executorKeys } as unknown as Trust;
    await expect(checkHead(bytes, [good], retired)).toFailWith('E_STALE');
  }
  expect(await checkHead(bytes, [await sign(ada, headData(bytes)), good], trust)).toMatchObject({ head });
  for (const broken of [utf8('{}\n'), concatBytes(bytes, utf8('\n')), utf8(JSON.stringify(head)), bytes.slice(1)]) {
    await expect(checkHead(broken, [good], trust)).toFailWith('E_STALE');
  }
  const unreal = { ...head, expires: '2026-02-31T12:00:00Z' };
  expect(() => parseHead(encodeHead(unreal))).toThrow();
});
