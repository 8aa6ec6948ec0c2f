import { networkInterfaces, tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeCertificates } from '../servers/certificates.ts';
import { runModule } from '../kit/processes/program.ts';
import { expected, outcomes } from './odd-outcomes.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-ways-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

/** A proxy that is named, and that NO_PROXY goes around: then connections are made as behind any proxy. */
const PROXIED = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' };
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe('a download from servers of every kind ends as it must', () => {
  test('over connections that use their memory again', async () => {
    expect(await outcomes()).toEqual(expected());
  });

  test('over those of a machine with a proxy', async () => {
    for (const [name, value] of Object.entries(PROXIED)) vi.stubEnv(name, value);
    expect(await outcomes()).toEqual(expected());
  });

  test('by a reader who is slower than they are', async () => {
    expect(await outcomes({ sleepy: 20 })).toEqual(expected());
  });

  test.runIf(hasIpv6)('over IPv6', async () => {
    expect(await outcomes({ address: '::1' })).toEqual(expected());
  });

  test('over TLS with a CA of our own, and not without that CA', async () => {
    const { caFile } = await makeCertificates(folder);
    const program = `
    import { readFileSync } from 'node:fs';
    import { outcomes } from './test/io/odd-outcomes.ts';
    const read = (name) => readFileSync(${JSON.stringify(folder)} + '/' + name, 'utf8');
    console.log(JSON.stringify(await outcomes({ tls: { key: read('key.pem'), cert: read('cert.pem') } })));`;
    const [direct, proxied, untrusted] = await Promise.all([
      runModule(program, { NODE_EXTRA_CA_CERTS: caFile }),
      runModule(program, { NODE_EXTRA_CA_CERTS: caFile, ...PROXIED }),
      runModule(program),
    ]);
    expect([direct.stderr, proxied.stderr, untrusted.stderr]).toEqual(['', '', '']);
    expect(JSON.parse(direct.stdout)).toEqual(expected());
    expect(JSON.parse(proxied.stdout)).toEqual(expected());
    expect(new Set(Object.values(JSON.parse(untrusted.stdout) as Record<string, string>))).toEqual(
      new Set(['E_NETWORK']),
    );
  });
});
