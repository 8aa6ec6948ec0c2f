import { S3Client } from '@aws-sdk/client-s3';
import { S3Handler } from './handler.ts';
import type { S3Place } from './url.ts';

export interface S3ClientOptions {
  /** Tries of one request, the first one included; 8 by default. The wait doubles from 0.1 s (SlowDown: 0.5 s). */
  readonly tries?: number | undefined;
  /** Bytes of one part of a large upload; 5 MiB by default. */
  readonly partSize?: number | undefined;
  readonly handler?: S3Handler | undefined;
}

/**
 * The SDK's client with its own chain of credentials. Checksums beyond what an operation requires are left out: many
 * servers refuse them or the chunked form that they come in; each body is signed with its SHA-256 instead.
 */
export function makeClient(place: S3Place, options: S3ClientOptions): S3Client {
  // Which Node is supported is said by this package; its users can't do anything about a warning of the SDK's.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return new S3Client({
    ...(place.region === undefined ? {} : { region: place.region }),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    expectContinueHeader: false,
    maxAttempts: options.tries ?? 8,
    retryMode: 'standard',
    requestHandler: options.handler ?? new S3Handler(),
  });
}
