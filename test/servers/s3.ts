import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectsCommand, S3Client } from '@aws-sdk/client-s3';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';

export interface S3Server {
  readonly endpoint: string;
  readonly key: string;
  readonly secret: string;
  /** Is it the gateway that we start, with its known habits? */
  readonly own: boolean;
}

const HELP = `an S3 server is needed for this test. One of:
  - as root on Debian: the tests install and start Ceph's RADOS gateway themselves; as somebody else, once:
      sudo apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common curl
      and run the tests with sudo
  - PULLTHROUGH_TEST_S3=ENDPOINT,KEY,SECRET npm run test:acceptance   any other S3 server: MinIO, Versity gateway, SeaweedFS, AWS
  - PULLTHROUGH_TEST_NO_S3=1 npm run test:acceptance                  leaves these tests out`;

/** Were these tests left out on purpose? Then they are shown as skipped. */
export const WITHOUT_S3 = process.env.PULLTHROUGH_TEST_NO_S3 === '1';

/**
 * The S3 server of this run, started by anyone who asks first. `folder` and `owner` are what test/global-setup.ts provides.
 * Throws with the command to run where it can't be had.
 */
export async function s3Server(folder: string, owner: number): Promise<S3Server> {
  const given = process.env.PULLTHROUGH_TEST_S3;
  if (given) {
    const [endpoint = '', key = '', secret = ''] = given.split(',');
    return { endpoint, key, secret, own: false };
  }
  if (process.getuid?.() !== 0) throw new Error(HELP);
  const ready = join(folder, 's3.json');
  const isFirst = await mkdir(join(folder, 's3.lock')).then(
    () => true,
    () => false,
  );
  if (isFirst) await writeFile(ready, await start(folder, owner).catch((error: unknown) => `error ${String(error)}`));
  for (let waited = 0; waited < 110_000; waited += 100) {
    const text = await readFile(ready, 'utf8').catch(() => '');
    if (text.startsWith('error ')) throw new Error(`${HELP}\n${text}`);
    if (text.endsWith('}')) return JSON.parse(text) as S3Server;
    await sleep(100);
  }
  throw new Error(`${HELP}\nit did not start in time`);
}

/** A port can be taken between looking and listening: three times at most. */
async function start(folder: string, owner: number, attempt = 1): Promise<string> {
  const [port, monitor] = await freePorts(2);
  // The compiled benchmarks use this file too; a script stays where it is.
  const script = ['.', '../../../test/servers']
    .map((folder) => join(import.meta.dirname, folder, 'ceph-rgw.sh'))
    .find((path) => existsSync(path));
  if (script === undefined) throw new Error('ceph-rgw.sh is not there');
  const args = [script, join(folder, 'rgw'), String(port), String(monitor), String(owner)];
  const problem = await new Promise<string | undefined>((resolve) => {
    execFile('bash', args, (error, _stdout, stderr) => resolve(error ? `${error.message}\n${stderr}` : undefined));
  });
  if (problem !== undefined) {
    if (attempt === 3) throw new Error(problem);
    await stop(join(folder, 'rgw'));
    return start(folder, owner, attempt + 1);
  }
  const server: S3Server = {
    endpoint: `http://127.0.0.1:${port}`,
    key: 'testkey0000000000000',
    secret: 'testsecret00000000000000000000',
    own: true,
  };
  return JSON.stringify(server);
}

/** What the script started removes its own folder when it has ended. */
async function stop(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  await writeFile(join(folder, 'stop'), '');
  for (let waited = 0; existsSync(folder) && waited < 5000; waited += 100) await sleep(100);
}

/** Ports that nobody listens on at the moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A client of the server's own, to reach around a store. */
export function rawClient({ endpoint, key, secret }: S3Server): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: key, secretAccessKey: secret },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

export async function newBucket(client: S3Client): Promise<string> {
  const Bucket = `pullthrough-${randomBytes(6).toString('hex')}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

export async function removeBucket(client: S3Client, Bucket: string): Promise<void> {
  for await (const page of paginateListObjectsV2({ client }, { Bucket })) {
    const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
    if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  }
  await client.send(new DeleteBucketCommand({ Bucket }));
}

/** The environment that gives the SDK's own chain this server's keys, and nothing else of this machine's. */
export function s3Env({ key, secret }: S3Server): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: key,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}
