// An S3 server for benchmarks, over TLS where that is asked for: the one of the tests behind nginx, or one's own.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { makeCertificates } from '../../test/servers/certificates.ts';
import { ensurePrograms } from '../../test/servers/programs.ts';
import { newBucket, rawClient, s3Server } from '../../test/servers/s3.ts';
import { runNginx } from './nginx.ts';

export interface BenchS3 {
  /** For `[store] url`: a bucket of its own. */
  readonly url: string;
  /** Keys, and over TLS the authority. */
  readonly env: Readonly<Record<string, string>>;
  readonly endpoint: string;
  readonly bucket: string;
  /** `REMOTE` among the arguments is the bucket. */
  rclone(...args: readonly string[]): void;
  stop(): void;
}

/**
 * `given`: ENDPOINT,KEY,SECRET of a server of one's own, with NODE_EXTRA_CA_CERTS for its authority; else the S3 server
 * that the tests start, as root on Debian, which ends when this process does.
 */
export async function startS3(
  folder: string,
  options: { given?: string | undefined; tls?: boolean },
): Promise<BenchS3> {
  ensurePrograms({ rclone: 'rclone' });
  mkdirSync(folder, { recursive: true });
  const [given, givenKey = '', givenSecret = ''] = options.given?.split(',') ?? [];
  const server = given
    ? { endpoint: given, key: givenKey, secret: givenSecret, own: false }
    : await s3Server(folder, process.pid);
  const bucket = await newBucket(rawClient(server));
  const proxy = options.tls && !given ? await overTls(folder, server.endpoint) : undefined;
  const endpoint = proxy?.endpoint ?? server.endpoint;
  const authority = proxy?.authority ?? process.env.NODE_EXTRA_CA_CERTS;
  const { key, secret } = server;
  const keys = { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'us-east-1' };
  const remote = `:s3,provider=Other,access_key_id=${key},secret_access_key=${secret},endpoint='${endpoint}':${bucket}`;
  return {
    url: `s3://${bucket}?endpoint=${endpoint}`,
    env: authority === undefined ? keys : { ...keys, NODE_EXTRA_CA_CERTS: authority },
    endpoint,
    bucket,
    rclone(...args) {
      const all = args.map((arg) => (arg === 'REMOTE' ? remote : arg));
      // It can't cope with a CA bundle that is meant for other programs.
      const env = { ...process.env, AWS_CA_BUNDLE: undefined };
      const trust = authority === undefined ? [] : ['--ca-cert', authority];
      execFileSync('rclone', [...trust, ...all], { stdio: ['ignore', 'ignore', 'inherit'], env });
    },
    stop: () => proxy?.stop(),
  };
}

/** nginx in front of a server, handing bodies on as they come. */
async function overTls(folder: string, behind: string) {
  const { caFile } = await makeCertificates(folder);
  const nginx = await runNginx(
    folder,
    'client_max_body_size 0;',
    (at) => `listen 127.0.0.1:${at} ssl; ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
location / { proxy_pass ${behind}; proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off;
proxy_set_header Host $http_host; proxy_set_header Connection ""; }`,
  );
  return { endpoint: `https://127.0.0.1:${nginx.port}`, authority: caFile, stop: () => nginx.stop() };
}
