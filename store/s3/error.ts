import { PullthroughError } from '../../ledger-schema/error.ts';

const KEYS = 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile, or the role that the job runs with';
const RIGHTS =
  'allow s3:GetObject, s3:PutObject, s3:ListBucket, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads there';
const REGION = 'give the right one in the s3:// URL: ?region=REGION';

const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket first; pullthrough never makes one',
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  SlowDown: 'try again later, or lower --concurrency',
  ServiceUnavailable: 'try again later',
  InternalError: 'try again later',
  QuotaExceeded: "raise the bucket's quota, or remove what nothing names: pullthrough store gc",
};

/** The SDK's name of an error, as `NoSuchKey`. */
export function s3Code(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** The HTTP status behind an error of the SDK. */
export function s3Status(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** Is the object, bucket or upload not there? */
export function isNotThere(error: unknown): boolean {
  return s3Status(error) === 404 && s3Code(error) !== 'NoSuchBucket';
}

/**
 * What a failure of the SDK means to a person; `action` is what was tried. The server's own text is left out: its name
 * for the error says as much. Errors of ours pass through, those of the network as `E_STORE`.
 */
export function s3Error(error: unknown, action: string): PullthroughError {
  if (error instanceof PullthroughError) {
    if (error.code !== 'E_NETWORK' && error.code !== 'E_TIMEOUT') return error;
    return new PullthroughError('E_STORE', `${action}: ${error.message}`, { hint: error.hint, cause: error });
  }
  const name = s3Code(error);
  const status = s3Status(error);
  const message = error instanceof Error ? error.message : '';
  if (/^(CredentialsProviderError|TokenProviderError|ProviderError)$/.test(name) || /credential/i.test(message)) {
    return new PullthroughError('E_CREDENTIAL', `${action}: there are no keys for S3`, { hint: KEYS, cause: error });
  }
  if (/region is missing/i.test(message)) {
    return new PullthroughError('E_CONFIG', `${action}: no region is known`, { hint: REGION, cause: error });
  }
  // An answer to HEAD has no body that would say why.
  const isSaid = name !== '' && name !== 'Unknown' && name !== String(status);
  if (status === 401 || status === 403 || name === 'ExpiredToken' || name === 'InvalidToken') {
    const hint = isSaid ? KEYS : `${KEYS}; and ${RIGHTS}`;
    return new PullthroughError('E_CREDENTIAL', `${action}: the S3 server refuses (${isSaid ? name : status})`, {
      hint: name === 'AccessDenied' || name === 'Forbidden' ? RIGHTS : hint,
      cause: error,
    });
  }
  const answered = `the S3 server answered ${isSaid ? `${name} (${status})` : status}`;
  const what = status === undefined ? message || name : answered;
  return new PullthroughError('E_STORE', `${action}: ${what}`, { hint: HINTS[name] ?? hintFor(status), cause: error });
}

function hintFor(status: number | undefined): string | undefined {
  if (status === 301 || status === 307) return REGION;
  return status !== undefined && status >= 500 ? 'try again later' : undefined;
}
