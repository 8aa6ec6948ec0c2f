import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { SILENT } from '../../io/progress.ts';
import { openStore } from '../../store/open.ts';
import { parseS3Url } from '../../store/s3/url.ts';
import { storeKey } from '../../store/store.ts';
import { startFlaky, status } from '../servers/flaky.ts';
import { open, server, sha256, useServer } from './flaky-s3.ts';

useServer();

describe('credentials', () => {
  test('that are nowhere are E_CREDENTIAL, and what to set', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const failed: unknown = await open()
      .remove(sha256)
      .catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({
      code: 'E_CREDENTIAL',
      hint: expect.stringContaining('AWS_ACCESS_KEY_ID') as string,
    });
    expect(server.seen).toHaveLength(0);
  });

  test('come from a web identity, as in Actions, without being shown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pullthrough-oidc-'));
    const sts = await startFlaky();
    try {
      await writeFile(join(folder, 'token'), 'oidc-token');
      vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
      vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder, 'token'));
      vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::123456789012:role/mirror');
      vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.origin);
      const until = new Date(Date.now() + 3_600_000).toISOString();
      sts.answer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/xml' }).end(
          `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
            <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
            <SecretAccessKey>rolesecret</SecretAccessKey><SessionToken>session</SessionToken>
            <Expiration>${until}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
          </AssumeRoleWithWebIdentityResponse>`,
        );
      });
      server.answer(status(204));
      await open().remove(sha256);
      expect(sts.seen).toHaveLength(1);
      expect(server.seen[0]?.headers['x-amz-security-token']).toBe('session');
      expect(server.seen[0]?.headers.authorization).toContain('Credential=ASIAROLE/');
    } finally {
      await sts.close();
      await rm(folder, { recursive: true });
    }
  });
});

describe('an s3:// URL', () => {
  const parse = (query: string, env = {}): unknown => parseS3Url(`s3://${query}`, env);

  test.each([
    ['b', { bucket: 'b1', prefix: '', endpoint: undefined, region: undefined, pathStyle: false }],
    ['/x//y/', { bucket: 'b1', prefix: 'x/y/', endpoint: undefined, region: undefined, pathStyle: false }],
    ['?region=eu-west-1', { bucket: 'b1', prefix: '', endpoint: undefined, region: 'eu-west-1', pathStyle: false }],
    [
      '/p?endpoint=https://minio.example:9000',
      { bucket: 'b1', prefix: 'p/', endpoint: 'https://minio.example:9000', region: 'us-east-1', pathStyle: true },
    ],
    [
      '?endpoint=https%3A%2F%2Fs3.example&style=virtual&region=x',
      { bucket: 'b1', prefix: '', endpoint: 'https://s3.example', region: 'x', pathStyle: false },
    ],
    ['?style=path', { bucket: 'b1', prefix: '', endpoint: undefined, region: undefined, pathStyle: true }],
  ])('%s', (query, place) => {
    expect(parse(query === 'b' ? 'b1' : `b1${query}`)).toEqual(place);
  });

  test('takes the region from the environment where it names none', () => {
    expect(parse('b1', { AWS_REGION: 'eu-1' })).toMatchObject({ region: 'eu-1' });
    expect(parse('b1', { AWS_DEFAULT_REGION: 'eu-2' })).toMatchObject({ region: 'eu-2' });
    expect(parse('b1?region=eu-3', { AWS_REGION: 'eu-1' })).toMatchObject({ region: 'eu-3' });
  });

  test.each([
    '',
    '/x',
    'b1/../x',
    'b1/./x',
    'b1/a b',
    'b1/%2e%2e/x',
    'key:secret@b1',
    'b1:9000',
    'b1?endpoint=http://minio.example',
    'b1?endpoint=https://minio.example/path',
    'b1?endpoint=https://u:p@minio.example',
    'b1?style=other',
    'b1?secret=x',
    'b1?region=a&region=b',
    'b1#x',
  ])('s3://%s is E_CONFIG', async (query) => {
    const failed: unknown = await openStore(`s3://${query}`, { baseDir: '/', env: {}, progress: SILENT }).catch(
      (thrown: unknown) => thrown,
    );
    expect(failed).toMatchObject({ code: 'E_CONFIG' });
    expect(String(failed)).not.toContain('secret@');
  });

  test('puts objects below its prefix, the bucket in the path or in the host', async () => {
    server.answer(status(204));
    await open('&style=path').remove(sha256);
    expect(server.seen[0]?.url).toBe(`/bucket/${storeKey(sha256)}?x-id=DeleteObject`);
  });
});
