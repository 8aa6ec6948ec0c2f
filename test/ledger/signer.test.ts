import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readKeyFile, verifySignature } from '../../ledger-schema/openpgp/openpgp.ts';
import { parseSignatureFile } from '../../ledger-schema/openpgp/signature.ts';
import { signThatCounts } from '../../ledger/signing/signature-that-counts.ts';
import { fileSigner, gpgSigner, newKey } from '../../ledger/signing/signer.ts';
import type { NewKey, Signer } from '../../ledger/signing/signer.ts';
import { temporary } from '../kit/ledger/git-fixture.ts';
import { gnupg } from '../kit/gpg-fixture.ts';
import type { Gnupg } from '../kit/gpg-fixture.ts';

const DATA = new TextEncoder().encode('data\r\nwith two kinds of line ends\n');

/** What gpgv, sqv and our own rules say of a signature; gives the fingerprint of the component that made it. */
async function accepted(signer: Signer, data = DATA): Promise<string> {
  const directory = temporary();
  const signature = await signer.sign(data);
  const publicKey = await signer.publicKey();
  writeFileSync(join(directory, 'sig'), signature);
  writeFileSync(join(directory, 'data'), data);
  writeFileSync(join(directory, 'key.asc'), publicKey);
  const run = (command: string, args: readonly string[]): Buffer =>
    execFileSync(command, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  writeFileSync(
    join(directory, 'key.gpg'),
    run('gpg', ['--homedir', directory, '--dearmor', '--output', '-', 'key.asc']),
  );
  run('gpgv', ['--keyring', './key.gpg', 'sig', 'data']);
  run('sqv', ['--keyring', 'key.asc', 'sig', 'data']);
  const key = await readKeyFile(publicKey);
  expect(key.fingerprint).toBe(signer.fingerprint);
  const parsed = parseSignatureFile(signature);
  const judgement = { now: new Date(), revocation: true, expiry: true };
  return (await verifySignature(parsed, data, key, judgement)).fingerprint;
}

describe('a key that is made here', () => {
  let key: NewKey;
  let locked: NewKey;
  beforeAll(async () => {
    key = await newKey({ userId: 'Mirror Bot <bot@acme.example>' });
    locked = await newKey({ userId: 'Mirror Bot', passphrase: 'open sesame ü' });
  });

  it('signs what gpgv, sqv and the format accept', async () => {
    const signer = await fileSigner({ key: key.secret });
    expect(await accepted(signer)).toBe(key.fingerprint);
    expect(await accepted(signer, new Uint8Array(0))).toBe(key.fingerprint);
    expect(Buffer.from(await signer.publicKey())).toEqual(Buffer.from(key.public));
  });

  it('has one component, no expiry, and the user id that was asked for', async () => {
    const file = await readKeyFile(key.public);
    expect(file.userIds).toEqual(['Mirror Bot <bot@acme.example>']);
    expect(file.components.map(({ binding }) => binding)).toEqual([
      { problem: undefined, signs: true, revoked: false, expires: undefined },
    ]);
    expect((await readKeyFile(locked.public)).userIds).toEqual(['Mirror Bot']);
  });

  it('makes signatures without notation and expiration, the issuer in both forms', async () => {
    const signature = await (await fileSigner({ key: key.secret })).sign(DATA);
    const packets = execFileSync('gpg', ['--homedir', temporary(), '--list-packets'], { input: signature }).toString();
    expect(packets).toMatch(/version 4, .*sigclass 0x00/);
    expect(packets).toMatch(/digest algo 10,/);
    expect([...packets.matchAll(/^\t((?:critical )?(?:hashed )?subpkt \d+)/gm)].map(([, name]) => name)).toEqual([
      'critical hashed subpkt 2',
      'hashed subpkt 16',
      'hashed subpkt 33',
    ]);
  });

  it('can be locked: only its passphrase opens it', async () => {
    expect(await accepted(await fileSigner({ key: locked.secret, passphrase: 'open sesame ü' }))).toBe(
      locked.fingerprint,
    );
    for (const passphrase of [undefined, '', 'wrong']) {
      await expect(() => fileSigner({ key: locked.secret, passphrase }), String(passphrase)).toFailWith(
        'E_SIGNING_KEY',
      );
    }
    // A passphrase for a key that has none does no harm.
    expect((await fileSigner({ key: key.secret, passphrase: 'x' })).fingerprint).toBe(key.fingerprint);
  });

  it('is taken by gpg, locked or not', () => {
    const home = gnupg();
    home.run(['--import'], key.secret);
    home.run(['--pinentry-mode', 'loopback', '--passphrase', 'open sesame ü', '--import'], locked.secret);
    const listed = home.run(['--with-colons', '--list-secret-keys']).toString();
    expect(listed).toContain(key.fingerprint);
    expect(listed).toContain(locked.fingerprint);
  });

  it('needs a user id that is one', async () => {
    for (const userId of ['Bot <not an address>', 'a\nb <x@y.example>']) {
      await expect(() => newKey({ userId }), userId).toFailWith('E_USAGE');
    }
  });
});

describe('a key file', () => {
  it('that is not a single secret key is E_SIGNING_KEY', async () => {
    const [one, two] = [await newKey({ userId: 'One' }), await newKey({ userId: 'Two' })];
    const files: [string, Uint8Array][] = [
      ['nothing', new Uint8Array(0)],
      ['text', new TextEncoder().encode('hello')],
      ['a public key', one.public],
      ['two keys', Buffer.concat([one.secret, two.secret])],
      ['half a key', one.secret.subarray(0, one.secret.length / 2)],
      ['too many bytes', Buffer.concat([one.secret, Buffer.alloc(300_000, 0x0a)])],
    ];
    for (const [name, key] of files) {
      await expect(async () => (await fileSigner({ key })).sign(DATA), name).toFailWith('E_SIGNING_KEY');
    }
  });

  it('from gpg signs by its newest signing subkey; the fingerprint is still the primary key’s', async () => {
    const home = gnupg();
    const fingerprint = home.newKey('Ada <ada@acme.example>', 'ed25519');
    const quietly = ['--pinentry-mode', 'loopback', '--passphrase', ''];
    const add = (algorithm: string, usage: string): Buffer =>
      home.run([...quietly, '--quick-add-key', fingerprint, algorithm, usage, 'never']);
    add('ed25519', 'sign');
    add('cv25519', 'encr');
    add('ed25519', 'auth');
    const exported = home.run(['--export-secret-keys', fingerprint]);
    const signer = await fileSigner({ key: exported });
    expect(signer.fingerprint).toBe(fingerprint);
    const keys = [
      ...home
        .run(['--with-colons', '--list-keys'])
        .toString()
        .matchAll(/^fpr:+([0-9A-F]{40}):/gm),
    ];
    expect(await accepted(signer)).toBe(keys[1]?.[1]);
    // Without the primary key's secret, as careful people keep it.
    const partial = home.run(['--armor', '--export-secret-subkeys', fingerprint]);
    expect(await accepted(await fileSigner({ key: partial }))).toBe(keys[1]?.[1]);
  });

  it.each(['nistp256', 'nistp384', 'rsa3072'])('of the kind %s signs', async (algorithm) => {
    const home = gnupg();
    const fingerprint = home.newKey('Key', algorithm);
    expect(await accepted(await fileSigner({ key: home.run(['--export-secret-keys', fingerprint]) }))).toBe(
      fingerprint,
    );
    expect(await accepted(await gpgSigner({ env: home.env }))).toBe(fingerprint);
  });

  it.each(['nistp521', 'rsa2048', 'brainpoolP256r1', 'secp256k1'])('of the kind %s is refused', async (algorithm) => {
    const home = gnupg();
    const fingerprint = home.newKey('Key', algorithm);
    const key = home.run(['--export-secret-keys', fingerprint]);
    await expect(() => fileSigner({ key })).toFailWith('E_SIGNING_KEY');
    await expect(() => gpgSigner({ env: home.env })).toFailWith('E_SIGNING_KEY');
  });

  describe('that has expired, or is revoked,', () => {
    const loopback = ['--pinentry-mode', 'loopback', '--passphrase', ''];
    let home: Gnupg;
    let gone: string[];
    beforeAll(() => {
      home = gnupg();
      const past = ['--faked-system-time', '20200101T000000'];
      home.run([...loopback, ...past, '--quick-generate-key', 'Old', 'ed25519', 'sign,cert', '1y']);
      const revoked = home.newKey('Revoked', 'ed25519');
      const certificate = readFileSync(join(String(home.env.GNUPGHOME), 'openpgp-revocs.d', `${revoked}.rev`), 'utf8');
      home.run(['--import'], certificate.replace(':-----BEGIN', '-----BEGIN'));
      gone = ['=Old', revoked];
    });

    it('is refused', async () => {
      for (const name of gone) {
        const key = home.run(['--export-secret-keys', name]);
        await expect(() => fileSigner({ key }), name).toFailWith('E_SIGNING_KEY');
        const byGpg = gpgSigner({ env: home.env, key: name });
        await expect(() => byGpg, name).toFailWith('E_SIGNING_KEY');
        await expect(byGpg).rejects.toMatchObject({ hint: expect.stringContaining('--replace-key') as unknown });
      }
    });

    it('makes a nack from a file; where gpg refuses to, the error says how', async () => {
      for (const name of gone) {
        const signer = await fileSigner({ key: home.run(['--export-secret-keys', name]), purpose: 'nack' });
        const signature = parseSignatureFile(await signer.sign(DATA));
        const key = await readKeyFile(await signer.publicKey());
        const whatever = { now: new Date(), revocation: false, expiry: false };
        await expect(verifySignature(signature, DATA, key, whatever)).resolves.toMatchObject({ primary: true });
        const strict = { ...whatever, revocation: true, expiry: true };
        await expect(() => verifySignature(signature, DATA, key, strict)).toFailWith('E_KEY_UNUSABLE');

        const byGpg = gpgSigner({ env: home.env, key: name, purpose: 'nack' });
        await expect(byGpg).rejects.toMatchObject({
          code: 'E_SIGNING_KEY',
          hint: expect.stringContaining(`gpg --armor --export-secret-keys ${signer.fingerprint}`) as unknown,
        });
      }
      // What the hint says of cards: extended here alone, the very key signs.
      const fingerprint = (await fileSigner({ key: home.run(['--export-secret-keys', '=Old']), purpose: 'nack' }))
        .fingerprint;
      home.run([...loopback, '--quick-set-expire', fingerprint, '1w']);
      expect(await accepted(await gpgSigner({ env: home.env, key: '=Old', purpose: 'nack' }))).toBe(fingerprint);
    });

    it('makes a nack by its part that is still good, where it has one', async () => {
      const at = (year: number): string[] => [...loopback, '--faked-system-time', `${year}0101T000000`];
      home.run([...at(2019), '--quick-generate-key', 'Parts', 'ed25519', 'sign,cert', 'never']);
      const key = (): Buffer => home.run(['--export-secret-keys', '=Parts']);
      const { fingerprint } = await fileSigner({ key: key() });
      home.run([...at(2020), '--quick-add-key', fingerprint, 'ed25519', 'sign', '1y']);
      expect((await readKeyFile(await (await fileSigner({ key: key() })).publicKey())).components).toHaveLength(2);
      expect(await accepted(await fileSigner({ key: key(), purpose: 'nack' }))).toBe(fingerprint);
    });
  });
});

describe('gpg', () => {
  it('signs with its one secret key, asking for the passphrase by its own pinentry', async () => {
    const home = gnupg({ passphrase: 'secret' });
    const fingerprint = home.newKey('Grace <grace@acme.example>', 'ed25519', 'secret');
    const signer = await gpgSigner({ env: home.env });
    expect(signer.fingerprint).toBe(fingerprint);
    expect(await accepted(signer)).toBe(fingerprint);
  });

  it.each([
    ['cancels', 'nothing is signed: the question for the passphrase or PIN'],
    [{ passphrase: 'wrong' }, 'Bad passphrase'],
  ] as const)('fails, exit 1, where pinentry %j', async (pinentry, said) => {
    const home = gnupg(pinentry);
    home.newKey('Grace', 'ed25519', 'secret');
    const signing = (await gpgSigner({ env: home.env })).sign(DATA);
    await expect(signing).rejects.toMatchObject({
      code: 'E_SIGNING',
      exit: 1,
      message: expect.stringContaining(said) as unknown,
    });
  });

  it('is the one by which a signature would count, where none is named', async () => {
    const home = gnupg();
    const [ada, grace] = [home.newKey('Ada', 'ed25519'), home.newKey('Grace', 'ed25519')];
    const other = 'A'.repeat(40);
    expect((await gpgSigner({ env: home.env, listed: [other, grace] })).fingerprint).toBe(grace);
    await expect(() => gpgSigner({ env: home.env, listed: [other] })).toFailWith('E_NO_KEY');
    const several = gpgSigner({ env: home.env, listed: [ada, grace] });
    await expect(several).rejects.toMatchObject({
      code: 'E_SIGNING_KEY',
      message: expect.stringMatching(new RegExp(`${ada} \\(Ada\\).*${grace} \\(Grace\\)`)) as unknown,
    });
    // By `--gpg` alone: the refusal of what it signs then says whose key it is.
    await expect(() => gpgSigner({ env: home.env, listed: [other], orAny: true })).toFailWith('E_SIGNING_KEY');
  });

  it('whose newest subkey the ledger lacks signs nothing that would not count', async () => {
    const home = gnupg();
    const fingerprint = home.newKey('Ada', 'ed25519');
    const before = await readKeyFile(await (await gpgSigner({ env: home.env })).publicKey());
    const loopback = ['--pinentry-mode', 'loopback', '--passphrase', ''];
    home.run([...loopback, '--quick-add-key', fingerprint, 'ed25519', 'sign', 'never']);
    const signer = await gpgSigner({ env: home.env });
    const after = await readKeyFile(await signer.publicKey());
    const now = new Date();
    await expect(signThatCounts(signer, DATA, [before], now)).rejects.toMatchObject({
      code: 'E_SIGNING_KEY',
      hint: expect.stringContaining(`gpg --armor --export ${fingerprint}`) as unknown,
    });
    expect(parseSignatureFile(await signThatCounts(signer, DATA, [before, after], now)).issuers).not.toEqual([]);
  });

  it('says what gpg says where its agent cannot be reached', async () => {
    const home = gnupg();
    home.newKey('Grace', 'ed25519');
    home.configure('no-autostart');
    execFileSync('gpgconf', ['--kill', 'gpg-agent'], { env: home.env });
    await expect(gpgSigner({ env: home.env })).rejects.toMatchObject({
      code: 'E_SIGNING_KEY',
      message: expect.stringContaining('agent') as unknown,
    });
  });

  it('must be told which, where it has several', async () => {
    const home = gnupg();
    const [ada, grace] = [home.newKey('Ada <ada@x.example>', 'ed25519'), home.newKey('Grace <g@x.example>', 'ed25519')];
    await expect(() => gpgSigner({ env: home.env })).toFailWith('E_SIGNING_KEY');
    for (const name of ['ada@x.example', ada, ada.slice(-16), `${ada}!`, `0x${ada}`, '=Ada <ada@x.example>']) {
      const signer = await gpgSigner({ env: home.env, key: name });
      expect(signer.fingerprint, name).toBe(ada);
      expect(await accepted(signer)).toBe(ada);
    }
    expect((await gpgSigner({ env: home.env, key: 'Grace' })).fingerprint).toBe(grace);
    await expect(() => gpgSigner({ env: home.env, key: 'x.example' })).toFailWith('E_SIGNING_KEY');
    await expect(() => gpgSigner({ env: home.env, key: 'nobody' })).toFailWith('E_SIGNING_KEY');
    for (const key of ['', '--export-secret-keys', 'a\nb']) {
      await expect(() => gpgSigner({ env: home.env, key }), key).toFailWith('E_USAGE');
    }
  });

  it('signs by the subkey whose secret is here', async () => {
    const home = gnupg();
    const fingerprint = home.newKey('Ada', 'ed25519');
    const add = [
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      '--quick-add-key',
      fingerprint,
      'ed25519',
      'sign',
      'never',
    ];
    home.run(add);
    const away = gnupg();
    away.run(['--import'], home.run(['--export-secret-subkeys', fingerprint]));
    home.run(add);
    const keys = [
      ...home
        .run(['--with-colons', '--list-keys'])
        .toString()
        .matchAll(/^fpr:+([0-9A-F]{40}):/gm),
    ];
    away.run(['--import'], home.run(['--export', fingerprint]));
    const signer = await gpgSigner({ env: away.env });
    expect(signer.fingerprint).toBe(fingerprint);
    expect(await accepted(signer)).toBe(keys[1]?.[1]);
  });

  it('keeps to the format whatever gpg.conf says, and where it can’t, signs nothing', async () => {
    const home = gnupg();
    const fingerprint = home.newKey('Ada', 'ed25519');
    home.configure('armor\ntextmode\ncomment hello\nemit-version\ndigest-algo SHA1\ndefault-sig-expire 1y\n');
    const signer = await gpgSigner({ env: home.env });
    expect(await accepted(signer)).toBe(fingerprint);
    home.configure('sig-notation !critical@acme.example=1\n');
    await expect(() => signer.sign(DATA)).toFailWith('E_SIGNING_KEY');
  });

  it('that is not installed is E_SIGNING_KEY', async () => {
    await expect(() => gpgSigner({ env: { PATH: '/nonexistent' } })).toFailWith('E_SIGNING_KEY');
  });
});
