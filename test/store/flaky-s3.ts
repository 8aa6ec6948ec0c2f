import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, vi } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { S3Store } from '../../store/s3/s3-store.ts';
import { parseS3Url } from '../../store/s3/url.ts';
import { startFlaky } from '../servers/flaky.ts';
import type { FlakyServer, Reply } from '../servers/flaky.ts';

export const bytes = randomBytes(1000);
export const sha256 = createHash('sha256').update(bytes).digest('hex');
export const base64 = Buffer.from(sha256, 'hex').toString('base64');

export let server: FlakyServer;

/** A server for each test that answers as it is told, and credentials for it. */
export function useServer(): void {
  beforeEach(async () => {
    server = await startFlaky();
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 's3cret');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.close();
  });
}

export function open(query = '', tries = 3): S3Store {
  return new S3Store(parseS3Url(`s3://bucket?endpoint=${server.origin}${query}`, {}), SILENT, { tries });
}

export async function* body(of: Uint8Array = bytes): AsyncGenerator<Uint8Array, void, undefined> {
  yield of;
}

/** An answer with what S3 says in XML. */
export function error(code: number, name: string): Reply {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${name}</Code><Message>secret words</Message></Error>`;
  return (request, response) => {
    request.resume();
    response.writeHead(code, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : text);
  };
}

export const ok =
  (headers: Record<string, string> = {}): Reply =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(200, { etag: '"x"', ...headers }).end());
  };

export const reset: Reply = (request) => {
  request.socket.destroy();
};

export const methods = (): string[] => server.seen.map(({ method }) => method);
