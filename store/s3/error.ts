import { PullthroughError } from '../../ledger-schema/error.ts';

const KEYS = 'check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile, or the role that the job runs with';
const RIGHTS =
  'allow s3:GetObject, s3:PutObject, s3:ListBucket, s3:AbortMultipartUpload and s3:ListBucketMultipartUploads there';
const REGION = 'give the right one in the s3:// URL: ?region=REGION';

/** Errors for credentials that were good once; AWS sends them with 400. */
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);
/** Errors for a full bucket or account; some servers send them with 403. */
const FULL = new Set(['QuotaExceeded', 'XMinioAdminBucketQuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage']);
const REGIONS = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

const HINTS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket first; pullthrough never makes one',
  SlowDown: 'try again later, or lower --concurrency',
  ServiceUnavailable: 'try again later',
  InternalError: 'try again later',
  NotImplemented: 'the server cannot do this: look whether a newer one can, or take another store',
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

/** Does the error say more than its status? An answer to HEAD has no body that would. */
export function isSaid(error: unknown): boolean {
  const name = s3Code(error);
  return !['', 'Unknown', 'UnknownError', 'Error', String(s3Status(error))].includes(name);
}

/** The region that the server says the bucket is in: in its words, or in a header where it has none. */
function regionOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const said = 'Region' in error ? error.Region : undefined;
  const response = '$response' in error ? error.$response : undefined;
  const headers = (response as { headers?: Record<string, string> } | undefined)?.headers;
  const region = typeof said === 'string' ? said : headers?.['x-amz-bucket-region'];
  return region !== undefined && /^[a-z0-9-]{2,40}$/.test(region) ? region : undefined;
}

/** Is the object, bucket or upload not there? */
export function isNotThere(error: unknown): boolean {
  return s3Status(error) === 404 && s3Code(error) !== 'NoSuchBucket';
}

/**
 * What a failure of the SDK means to a person; `action` is what was tried. The server's own text is left out: its name
 * for the error says as much. Our own errors pass through; network errors become `E_STORE`.
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
  if (FULL.has(name)) {
    return new PullthroughError('E_STORE', `${action}: the bucket is full (${name})`, {
      hint: "raise the bucket's quota, or remove what nothing names: pullthrough store gc",
      cause: error,
    });
  }
  const region = regionOf(error);
  if (REGIONS.has(name) || status === 301 || (status === 400 && region !== undefined)) {
    const where = region === undefined ? 'in another region' : `in the region ${region}`;
    const said = isSaid(error) ? name : status;
    return new PullthroughError('E_STORE', `${action}: the bucket is ${where} (${said})`, {
      hint: region === undefined ? REGION : `write ?region=${region} into the s3:// URL`,
      cause: error,
    });
  }
  if (EXPIRED.has(name)) {
    return new PullthroughError('E_CREDENTIAL', `${action}: the keys for S3 have expired (${name})`, {
      hint: 'get new ones: log in again, or let the job ask for its role again; a session token is good for hours only',
      cause: error,
    });
  }
  if (name === 'RequestTimeTooSkewed') {
    return new PullthroughError('E_CREDENTIAL', `${action}: this machine's clock is wrong (${name})`, {
      hint: 'set the clock of this machine',
      cause: error,
    });
  }
  if (status === 401 || status === 403 || name === 'InvalidToken') {
    const hint = isSaid(error) ? KEYS : `${KEYS}; and ${RIGHTS}`;
    return new PullthroughError('E_CREDENTIAL', `${action}: the S3 server refuses (${isSaid(error) ? name : status})`, {
      hint: name === 'AccessDenied' || name === 'Forbidden' ? RIGHTS : hint,
      cause: error,
    });
  }
  const answered = `the S3 server answered ${isSaid(error) ? `${name} (${status})` : status}`;
  const what = status === undefined ? message || name : answered;
  return new PullthroughError('E_STORE', `${action}: ${what}`, { hint: HINTS[name] ?? hintFor(status), cause: error });
}

function hintFor(status: number | undefined): string | undefined {
  if (status === 307) return REGION;
  if (status === 501) return HINTS.NotImplemented;
  return status !== undefined && status >= 500 ? 'try again later' : undefined;
}
