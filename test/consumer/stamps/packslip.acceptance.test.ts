import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeStamps } from '../../../consumer/stamps/make-stamps.ts';
import { namePlatform } from '../../../consumer/stamps/name-platform.ts';
import { keySigner } from '../../../consumer/stamps/signer.ts';
import { newMinisignKey } from '../../../evidence/keys/minisign-new-key.ts';
import { readMinisignSecret } from '../../../evidence/keys/minisign-secret.ts';
import { packslip, packslipProgram } from '../../servers/packslip.ts';
import {
  folderWith,
  newStampSigner,
  releaseOf,
  stampAsset,
  stampContext,
  stampRecord,
  statementOf,
} from '../../kit/stamps.ts';

const LIST = '.well-known/packslip/github.com/jqlang/jq.json';
const BODY = 'the bytes of jq';
const folder = mkdtempSync(join(tmpdir(), 'pt-packslip-'));
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
let key: string;
let site: Map<string, Uint8Array>;

/** packslip's verdict on a bundle, by the stamp key. */
function verify(bundle: Uint8Array | string, ...more: string[]) {
  return packslip(['verify', write('bundle.json', bundle), '--pubkey', key, '--allow-unlogged', ...more]);
}
const packslipOf = (tag: string): Uint8Array => {
  const entry = statementOf(site.get(LIST)).predicate.releases.find((each) => each.tag === tag);
  const path = decodeURIComponent(entry?.packslip.replace('https://releases.acme.example/', '') ?? '');
  return site.get(path) ?? new Uint8Array();
};

beforeAll(async () => {
  const { signer, publicKey } = await newStampSigner();
  key = write('stamp.key.pub', publicKey);
  const assets = [stampAsset('jq-linux-amd64', BODY), stampAsset('jq-macos-arm64'), stampAsset('sha256sum.txt')];
  const records = [
    stampRecord('jq-1.7.1', {
      assets,
      evidence: [{ kind: 'minisign', sha256: 'a'.repeat(64), size: 9, signer: 'RWQ' }],
    }),
    stampRecord('jq-1.8.0', { state: 'withdrawn', nacks: ['ada'], reason: '"quoted" \u202e and <odd>' }),
    stampRecord('jq-1.9.0-rc.1+build', { assets }),
  ];
  const stamps = await makeStamps({ source: 'github.com', repository: 'jqlang/jq' }, records, stampContext(signer));
  site = folderWith(stamps);
});

describe.skipIf(packslipProgram() === undefined)('packslip itself', () => {
  test('accepts a release list, and says what it lists', () => {
    const { code, said } = verify(site.get(LIST) ?? '');
    expect({ code, said }).toEqual({ code: 0, said });
    expect(said).toContain('github.com/jqlang/jq');
  });

  test('accepts each packslip that a list leads to, and the very file that it speaks of', () => {
    for (const tag of ['jq-1.7.1', 'jq-1.9.0-rc.1+build']) {
      const file = write('jq-linux-amd64', BODY);
      const { code, said } = verify(packslipOf(tag), '--artifact', file);
      expect({ code, said }).toEqual({ code: 0, said });
      const other = write('jq-linux-amd64', `${BODY}!`);
      expect(verify(packslipOf(tag), '--artifact', other).code).not.toBe(0);
    }
  });

  test('accepts the list of one tool of a repository, and its packslip', async () => {
    const { signer, publicKey } = await newStampSigner();
    const pin = write('monorepo.pub', publicKey);
    const record = stampRecord('cli/v1.9.4', { assets: [stampAsset('cli-linux-amd64', BODY)] });
    const stamps = await makeStamps(
      { source: 'github.com', repository: 'jqlang/jq', subpath: 'cli' },
      [record],
      stampContext(signer),
    );
    const [slip] = [...(stamps?.packslips.values() ?? [])];
    const artifact = write('cli-linux-amd64', BODY);
    for (const [bytes, ...more] of [[stamps?.list.bytes], [slip, '--artifact', artifact]] as const) {
      const bundle = write('bundle.json', bytes ?? '');
      const { code, said } = packslip(['verify', bundle, '--pubkey', pin, '--allow-unlogged', ...more]);
      expect({ code, said }).toEqual({ code: 0, said });
      expect(said).toContain('github.com/jqlang/jq/cli');
    }
  });

  test('accepts them by no other key, and not where it wants an entry of a log', async () => {
    const other = await newStampSigner();
    const list = write('list.json', site.get(LIST) ?? '');
    const wrong = write('other.pub', other.publicKey);
    expect(packslip(['verify', list, '--pubkey', wrong, '--allow-unlogged']).code).not.toBe(0);
    expect(packslip(['verify', list, '--pubkey', key]).said).toContain('--allow-unlogged');
  });

  test.each(['list', 'packslip'])('refuses a %s of which any field was changed', (kind) => {
    const bundle = kind === 'list' ? site.get(LIST) : packslipOf('jq-1.7.1');
    const json = JSON.parse(Buffer.from(bundle ?? '').toString()) as Bundle;
    const statement = JSON.parse(Buffer.from(json.dsseEnvelope.payload, 'base64').toString()) as unknown;
    const changes = [...changed(statement)];
    expect(changes.length).toBeGreaterThan(20);
    for (const { path, value } of changes) {
      const payload = Buffer.from(JSON.stringify(value)).toString('base64');
      const forged = JSON.stringify({ ...json, dsseEnvelope: { ...json.dsseEnvelope, payload } });
      expect(verify(forged).code, path).not.toBe(0);
    }
  });

  test('refuses a list whose signature or type was changed in any byte', () => {
    const json = JSON.parse(Buffer.from(site.get(LIST) ?? '').toString()) as Bundle;
    const [signature] = json.dsseEnvelope.signatures;
    const bytes = Buffer.from(signature?.sig ?? '', 'base64');
    for (let at = 0; at < bytes.length; at += 7) {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      const signatures = [{ ...signature, sig: copy.toString('base64') }];
      expect(verify(JSON.stringify({ ...json, dsseEnvelope: { ...json.dsseEnvelope, signatures } })).code).not.toBe(0);
    }
    const other = { ...json.dsseEnvelope, payloadType: 'application/vnd.in-toto+json2' };
    expect(verify(JSON.stringify({ ...json, dsseEnvelope: other })).code).not.toBe(0);
  });

  test('makes of the same key and the same statement the same signature', async () => {
    const seed = 'ab'.repeat(32);
    const secret = write('packslip.key', `${seed}\n`);
    const artifact = write('tool-linux-x64', 'bytes');
    const ran = packslip([
      ...['create', '--project', 'github.com/acme/tool', '--version', '1.0.0', '--key', secret, '--no-log'],
      ...['--published-at', '2026-03-01T00:00:00Z', '--out', folder, artifact],
    ]);
    expect(ran).toEqual({ code: 0, said: ran.said });
    const theirs = JSON.parse(readFileSync(join(folder, 'packslip.sigstore.json'), 'utf8')) as Bundle;
    const signer = keySigner(await readMinisignSecret(await secretOf(Buffer.from(seed, 'hex')), undefined));
    const payload = Buffer.from(theirs.dsseEnvelope.payload, 'base64');
    const ours = JSON.parse(Buffer.from(await signer.sign(payload)).toString()) as Bundle;
    expect(ours).toEqual({ ...theirs, verificationMaterial: ours.verificationMaterial });
    expect(ours.verificationMaterial.publicKey).toEqual(theirs.verificationMaterial.publicKey);
  });

  test('reads the names of files as ours does', () => {
    const names = [
      'mise-v2026.9.1-linux-x64.tar.xz',
      'jq-linux-amd64',
      'jq-win64.exe',
      'Tool-Setup-1.2.3.exe',
      'tool-x86_64-unknown-linux-musl.tar.gz',
      'tool-arm-unknown-linux-gnueabihf.tar.gz',
      'android-tools_linux_arm64.tar.gz',
      'tool-aarch64-linux-android.tar.gz',
      'tool-ios-arm64.zip',
      'gh_2.60.0_linux_386.rpm',
      'tool_1.0.0_linux_mips64le_hardfloat.tar.gz',
      'tool-x86_64-apple-darwin.tar.zst',
      'Tool.dmg',
      'tool_amd64.deb',
      'LM-Studio-0.3.0-x64.AppImage',
      'tool-freebsd-riscv64.7z',
    ];
    for (const name of names) {
      const file = write(name, 'bytes');
      const secret = write('packslip.key', `${'cd'.repeat(32)}\n`);
      const args = ['create', '--project', 'github.com/acme/tool', '--version', '1.0.0', '--key', secret, '--no-log'];
      const ran = packslip([...args, '--out', folder, file]);
      expect({ name, ...ran }).toEqual({ name, code: 0, said: ran.said });
      const [artifact] = releaseOf(readFileSync(join(folder, 'packslip.sigstore.json'))).predicate.artifacts;
      const { os, arch, libc, format } = artifact ?? {};
      const ours = namePlatform(name);
      // What nothing in the name says it reads from the program, or takes for gnu.
      const expected = { ...ours, libc: ours?.libc ?? (ours?.os === 'linux' ? 'gnu' : undefined) };
      expect({ name, os, arch, libc, format }).toEqual({
        name,
        os: expected.os,
        arch: expected.arch,
        libc: expected.libc,
        format: expected.format,
      });
    }
  });
});

interface Bundle {
  readonly verificationMaterial: { readonly publicKey?: object };
  readonly dsseEnvelope: { readonly payload: string; readonly signatures: readonly { readonly sig: string }[] };
}

/** The file of minisign of a seed. */
async function secretOf(seed: Buffer): Promise<Uint8Array> {
  const { createPrivateKey, createPublicKey } = await import('node:crypto');
  const { secret } = await newMinisignKey({});
  const [comment = '', body = ''] = Buffer.from(secret).toString().split('\n');
  const bytes = Buffer.from(body, 'base64');
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const point = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
    .export({ format: 'der', type: 'spki' })
    .subarray(-32);
  seed.copy(bytes, 62);
  point.copy(bytes, 94);
  return Buffer.from(`${comment}\n${bytes.toString('base64')}\n`);
}

/** The statement with each of its leaves changed in turn, and with each removed. */
function* changed(value: unknown, path = ''): Generator<{ path: string; value: unknown }> {
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) {
      for (const one of changed(each, `${path}[${i}]`)) yield { path: one.path, value: value.with(i, one.value) };
      yield { path: `${path} without ${i}`, value: value.toSpliced(i, 1) };
    }
    return;
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      for (const one of changed(each, `${path}.${key}`))
        yield { path: one.path, value: { ...value, [key]: one.value } };
    }
    return;
  }
  yield { path, value: typeof value === 'number' ? value + 1 : `${String(value)}x` };
}
