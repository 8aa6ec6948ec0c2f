import { mkdtemp, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, afterAll, expect, test, vi } from 'vitest';
import { makeCertificates } from '../servers/certificates.ts';
import { runModule } from '../child.ts';
import { SERVERS, SIZE, bodyOf, outcomes } from './odd-servers.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-ways-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

/** A proxy that is named, and that NO_PROXY goes around: then the general client is asked, as behind any proxy. */
const GENERAL = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' };
const good = `${SIZE} ${createHash('sha256').update(bodyOf()).digest('hex')}`;

test('large downloads come to the same by either way, from servers of every kind', async () => {
  const direct = await outcomes();
  for (const [name, value] of Object.entries(GENERAL)) vi.stubEnv(name, value);
  const general = await outcomes();
  expect(direct).toEqual(general);
  expect(direct['an answer as it should be']).toBe(good);
  expect(Object.values(direct).filter((outcome) => outcome === good).length).toBeGreaterThan(8);
  expect(Object.keys(direct)).toHaveLength(Object.keys(SERVERS).length);
});

test('and over TLS with a CA of our own', async () => {
  const { caFile } = await makeCertificates(folder);
  const program = `
    import { readFileSync } from 'node:fs';
    import { outcomes } from './test/io/odd-servers.ts';
    const read = (name) => readFileSync(${JSON.stringify(folder)} + '/' + name, 'utf8');
    console.log(JSON.stringify(await outcomes({ key: read('key.pem'), cert: read('cert.pem') })));`;
  const [direct, general, untrusted] = await Promise.all([
    runModule(program, { NODE_EXTRA_CA_CERTS: caFile }),
    runModule(program, { NODE_EXTRA_CA_CERTS: caFile, ...GENERAL }),
    runModule(program),
  ]);
  const found = JSON.parse(direct.stdout) as Record<string, string>;
  expect(found).toEqual(JSON.parse(general.stdout));
  expect(found['an answer as it should be']).toBe(good);
  expect(new Set(Object.values(JSON.parse(untrusted.stdout) as Record<string, string>))).toEqual(
    new Set(['E_NETWORK']),
  );
});
