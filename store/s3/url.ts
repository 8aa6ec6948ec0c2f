import { fail } from '../../ledger-schema/error.ts';
import { requireSafeUrl } from '../../io/http/url.ts';

/** Where an S3 store is, as `[store] url` says it. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending with `/`. */
  readonly prefix: string;
  /** undefined: AWS's own. */
  readonly endpoint: string | undefined;
  /** undefined: as the SDK finds it. */
  readonly region: string | undefined;
  /** Is the bucket a part of the path, or of the host name? */
  readonly pathStyle: boolean;
}

const HINT = 'write it as s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION&style=path';
const KNOWN = ['endpoint', 'region', 'style'];

/**
 * Reads `s3://bucket/prefix?endpoint=&region=&style=virtual|path`. With an endpoint the style is `path` unless the URL
 * says otherwise, since few such servers have a host name for each bucket. Throws `E_CONFIG`.
 */
export function parseS3Url(text: string, env: Readonly<Record<string, string | undefined>>): S3Place {
  const found = /^s3:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(text);
  const [, bucket = '', path = '', query = ''] = found ?? [];
  if (!found || bucket === '') return fail('E_CONFIG', 'the s3:// URL names no bucket', { hint: HINT });
  // user:password@bucket is not shown: it would be a secret.
  if (bucket.includes('@') || bucket.includes(':')) {
    fail('E_CONFIG', 'the s3:// URL has a user, password or port beside the bucket', {
      hint: 'give keys with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and a port with ?endpoint=',
    });
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    fail('E_CONFIG', `the s3:// URL has a bucket name that can't be one: ${bucket}`, { hint: HINT });
  }
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!KNOWN.includes(name) || parameters.getAll(name).length > 1) {
      fail('E_CONFIG', `the s3:// URL has the parameter ${name}, which is unknown or given twice`, { hint: HINT });
    }
  }
  const endpoint = endpointOf(parameters.get('endpoint'));
  const style = parameters.get('style') ?? (endpoint === undefined ? 'virtual' : 'path');
  if (style !== 'virtual' && style !== 'path') {
    fail('E_CONFIG', `the s3:// URL has the style ${style}`, { hint: 'style is virtual or path' });
  }
  const given = parameters.get('region') ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  return {
    bucket,
    prefix: prefixOf(path),
    endpoint,
    // Servers other than AWS hardly ever look at the region, but a signature must name one.
    region: given ?? (endpoint === undefined ? undefined : 'us-east-1'),
    pathStyle: style === 'path',
  };
}

function endpointOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const url = requireSafeUrl(text);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    fail('E_CONFIG', 'the endpoint of the s3:// URL has a path or query', { hint: 'write only https://HOST:PORT' });
  }
  return url.origin;
}

function prefixOf(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '');
  // What servers and proxies do with these differs, and a signature covers the path.
  if (segments.some((segment) => !/^[A-Za-z0-9._=@+-]+$/.test(segment) || /^\.+$/.test(segment))) {
    fail('E_CONFIG', 'the s3:// URL has a prefix with characters that are not safe in a key', {
      hint: 'use letters, digits and . _ = @ + - in the prefix',
    });
  }
  return segments.map((segment) => `${segment}/`).join('');
}
