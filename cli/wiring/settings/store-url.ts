import { fileURLToPath } from 'node:url';
import { fail } from '../../../ledger-schema/error.ts';
import { requireSafeUrl, shownUrl } from '../../../io/http/url.ts';
import { parseS3Url } from '../../../store/s3/url.ts';
import { resolvePath } from './location.ts';

const HINT = 'write file:./FOLDER, a path, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION';

/** One letter before the colon is a Windows drive. */
function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
}

function fileUrl(text: string, baseDir: string): string {
  if (!/^file:\/\//i.test(text)) return `file:${resolvePath(text.replace(/^file:/i, ''), baseDir)}`;
  try {
    return `file:${fileURLToPath(text)}`;
  } catch (cause) {
    return fail('E_CONFIG', 'it is not a file URL of this machine', {
      hint: 'write file:///FOLDER or file:./FOLDER',
      cause,
    });
  }
}

/** `[store] url`: where bytes are written. A file store's path becomes absolute. Throws `E_CONFIG`. */
export function parseStoreUrl(text: string, baseDir: string): string {
  const scheme = schemeOf(text);
  if (scheme === 'http' || scheme === 'https') {
    fail('E_CONFIG', `${scheme}:// can only be read`, {
      hint: 'put it into public-url, and the place to write to (file: or s3://) into url',
    });
  }
  return parsePublicUrl(text, baseDir);
}

/** `public-url` or `--store`: where bytes are read, by https, from a folder or from S3. Throws `E_CONFIG`. */
export function parsePublicUrl(text: string, baseDir: string): string {
  switch (schemeOf(text)) {
    case undefined:
    case 'file':
      return fileUrl(text, baseDir);
    case 'http':
    case 'https':
      requireSafeUrl(text);
      return text;
    case 's3':
      parseS3Url(text, {});
      return text;
    default:
      return fail('E_CONFIG', `${shownUrl(text)} has a scheme that no store has`, { hint: HINT });
  }
}
