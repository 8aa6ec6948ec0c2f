import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { makeCertificates } from '../servers/certificates.ts';
import { runModule } from '../kit/processes/program.ts';
import type { ChildResult } from '../kit/processes/program.ts';
import { newBucket, rawClient, removeBucket, s3Env, s3Server, WITHOUT_S3 } from '../servers/s3.ts';
import type { S3Server } from '../servers/s3.ts';
import { startTinyproxy } from '../servers/tinyproxy.ts';

const size = 9_000_000;
/** The body is this a thousand times: an environment variable has room for no more. */
const part = randomBytes(size / 1000);
const whole = createHash('sha256')
  .update(Buffer.concat(Array.from({ length: 1000 }, () => part)))
  .digest('hex');

/** TLS in front of the S3 server, with a certificate of a company's own CA. */
let folder: string | undefined;
let caFile: string;
let front: Server | undefined;
let port: number;
let server: S3Server;
let raw: S3Client;
let bucket: string | undefined;
const hosts: (string | false | null)[] = [];

beforeAll(async () => {
  if (WITHOUT_S3) return;
  server = await s3Server(inject('runFolder'), inject('runOwner'));
  raw = rawClient(server);
  bucket = await newBucket(raw);
  folder = await mkdtemp(join(tmpdir(), 'pullthrough-s3-tls-'));
  const certificates = await makeCertificates(folder, ['s3.test', '*.s3.test']);
  ({ caFile } = certificates);
  const behind = new URL(server.endpoint);
  const tls = createServer({ key: certificates.key, cert: certificates.cert }, (socket) => {
    hosts.push(socket.servername);
    const upstream = connect(Number(behind.port), behind.hostname);
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  front = tls;
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  ({ port } = tls.address() as AddressInfo);
});
afterAll(async () => {
  if (front) await new Promise((resolve) => front?.close(resolve));
  if (bucket !== undefined) await removeBucket(raw, bucket);
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** Stores, lists, reads back and removes an object, in a process that knows the CA. */
function useStore(url: string, env: Record<string, string>): Promise<ChildResult> {
  return runModule(
    `
    import dns from 'node:dns';
    import { openStore } from './store/open.ts';
    import { SILENT } from './io/progress.ts';
    // Nobody else knows where s3.test is.
    const { lookup } = dns;
    dns.lookup = (host, options, callback) => lookup(host.endsWith('s3.test') ? '127.0.0.1' : host, options, callback);
    const bytes = Buffer.from(process.env.BYTES, 'base64');
    async function* body() {
      for (let at = 0; at < 1000; at++) yield bytes;
    }
    try {
      const store = await openStore(${JSON.stringify(url)}, { baseDir: '/', env: process.env, progress: SILENT });
      const put = await store.put({ size: ${size}, name: 'f', sha256: process.env.SHA256 }, body());
      console.log(put.sha256, await store.verify(put.sha256, ${size}));
      await store.remove(put.sha256);
    } catch (error) {
      console.log(error.code, error.message, error.hint);
    }`,
    { ...s3Env(server), NODE_EXTRA_CA_CERTS: caFile, BYTES: part.toString('base64'), SHA256: whole, ...env },
  );
}

describe.skipIf(WITHOUT_S3)('S3 over TLS by a company’s own CA', () => {
  test('with the bucket in the host name', async () => {
    const result = await useStore(`s3://${bucket}/p?endpoint=https://s3.test:${port}&style=virtual`, {});
    expect(result).toMatchObject({ stdout: `${whole} present\n`, stderr: '' });
    expect(hosts).toContain(`${bucket}.s3.test`);
  });

  test('through a proxy, with the bucket in the path', async () => {
    const proxy = await startTinyproxy();
    try {
      const result = await useStore(`s3://${bucket}/p?endpoint=https://127.0.0.1:${port}`, { HTTPS_PROXY: proxy.url });
      expect(result).toMatchObject({ stdout: `${whole} present\n`, stderr: '' });
      expect(new Set(await proxy.targets())).toEqual(new Set([`127.0.0.1:${port}`]));
    } finally {
      await proxy.close();
    }
  });

  test('is refused where the CA is not known, at once', async () => {
    const result = await useStore(`s3://${bucket}?endpoint=https://localhost:${port}`, { NODE_EXTRA_CA_CERTS: '' });
    expect(result.stdout).toMatch(/^E_STORE .*certificate.*NODE_EXTRA_CA_CERTS/);
  });
});
