// What is fixed when a process starts, what ends one, and what several do to each other.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ledgerIdentity, memoryFile } from '../ledger/view/memory.ts';
import type { Memory } from '../ledger/view/memory.ts';
import { runModule } from './kit/processes/program.ts';
import { temporaryFolder } from './kit/readers.ts';
import { makeCertificates } from './servers/certificates.ts';

test('a process ends by itself after hashing, and not before', async () => {
  const result = await runModule(`
    import { digestOf } from './io/files/hash.ts';
    async function* zeros() { for (let i = 0; i < 40; i++) yield new Uint8Array(1 << 20); }
    void digestOf(zeros()).then((digest) => console.log(digest));`);
  const digest = createHash('sha256')
    .update(new Uint8Array(40 << 20))
    .digest('hex');
  expect(result).toMatchObject({ status: 0, stderr: '', stdout: `${digest}\n` });
});

test('TLS: a CA in NODE_EXTRA_CA_CERTS is trusted, without it E_NETWORK, on either way', async () => {
  const folder = await temporaryFolder();
  const { caFile, key, cert } = await makeCertificates(folder);
  const bodies = [randomBytes(1000), randomBytes(9_000_000)];
  const tls = createServer({ key, cert }, (request, response) => {
    const body = bodies[Number(request.url?.slice(1))] ?? Buffer.alloc(0);
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  onTestFinished(() => void tls.close());
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  const { port } = tls.address() as AddressInfo;
  const program = `
      import { downloadToFile } from './io/http/download/download-to-file.ts';
      const retry = { tries: 1, baseMs: 1, capMs: 1 };
      for (const host of ['localhost', '127.0.0.1']) {
        for (const [at, size] of [1000, 9_000_000].entries()) {
          const request = { url: 'https://' + host + ':${port}/' + at, size, retry };
          await downloadToFile(request, ${JSON.stringify(join(folder, 'f'))})
            .then(({ sha256 }) => console.log(sha256), (error) => console.log(error.code, error.hint));
        }
      }`;
  const good = await runModule(program, { NODE_EXTRA_CA_CERTS: caFile });
  const digests = bodies.map((body) => `${createHash('sha256').update(body).digest('hex')}\n`).join('');
  expect(good).toMatchObject({ stdout: digests + digests, stderr: '' });
  const bad = await runModule(program);
  expect(bad.stdout).toMatch(/^(E_NETWORK .*NODE_EXTRA_CA_CERTS\n){4}$/);
});

test('of several processes at once that each add ten to a ledger’s memory, none is lost', async () => {
  const identity = ledgerIdentity('https://example.org/ledger.git', 'main');
  const folder = await temporaryFolder();
  const file = memoryFile(folder, identity);
  const first: Memory = { commit: '0'.repeat(40), policies: [{ version: 2, sha256: 'b'.repeat(64) }] };
  await file.update(async () => first);
  const script = `import { memoryFile } from './ledger/view/memory.ts';
    const file = memoryFile(${JSON.stringify(folder)}, ${JSON.stringify(identity)});
    const plusOne = (m) => ({ ...m, commit: (parseInt(m.commit, 16) + 1).toString(16).padStart(40, '0') });
    for (let i = 0; i < 10; i++) await file.update(async (current) => plusOne(current));`;
  const ran = await Promise.all(Array.from({ length: 3 }, () => runModule(script)));
  expect(ran.map(({ status, stderr }) => [status, stderr])).toEqual(Array(3).fill([0, '']));
  expect(parseInt((await file.read())?.commit ?? '', 16)).toBe(30);
});
