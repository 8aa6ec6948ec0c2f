/**
 * `pullthrough/consumer`: verify releases against a ledger, and get their files.
 *
 * ```ts
 * import { get, verify } from 'pullthrough/consumer';
 *
 * const options = { ledger: 'https://github.com/acme/release-ledger.git', pin: 'sha256:…', stores: ['https://mirror.example'] };
 * const release = await verify('jqlang/jq@jq-1.7.1', options);
 * const { files } = await get('jqlang/jq@^1.7', { ...options, patterns: ['jq-linux-amd64'], output: './bin' });
 * ```
 *
 * Whatever is not acknowledged throws a `PullthroughError` with a stable `code`; nothing returns a boolean.
 */
import { Consumer } from './consumer.ts';
import type { GotRelease } from './consumer.ts';
import type { ConsumerOptions, GetRequest } from './options.ts';
import type { VerifiedRelease } from './release.ts';

export { PullthroughError } from '../ledger-schema/error.ts';
export type { ErrorCode } from '../ledger-schema/error.ts';
export type { RecordedAsset, Signed } from '../ledger-schema/index.ts';
export type { Progress, ProgressTask } from '../io/progress.ts';
export { Consumer } from './consumer.ts';
export type { GotRelease } from './consumer.ts';
export type { ConsumerOptions, EvidenceOptions, GetRequest } from './options.ts';
export type { VerifiedStatement } from '../evidence/entry.ts';
export type { EvidenceEntry } from '../ledger-schema/evidence.ts';
export type { ReleaseEvidence } from './evidence/verify-release.ts';
export { isTranslated, pickForPlatform } from './download/pick.ts';
export type { PickHints } from './download/pick.ts';
export { parsePlatform } from './download/platform.ts';
export type { Platform } from './download/platform.ts';
export type { GotFile } from './download/get.ts';
export type { PolicyStamp, VerifiedRelease } from './release.ts';
export type { Inventory } from './verify/inventory.ts';
export type { FileRelease, FileVerdict } from './verify/verify-file.ts';

/**
 * Is a release acknowledged, and by whom? Steps 1 to 3 of the ledger format's "What a consumer does, in order".
 *
 * @param tool `owner/repo@TAG`, `HOST/owner/repo@TAG`, `owner/repo@latest`, `owner/repo@^1.2`.
 * @returns Who signed and acknowledged it, by which policy, and every file with its size in bytes and SHA-256.
 * @throws PullthroughError `E_NOT_FOUND`, `E_NOT_ACKNOWLEDGED`, `E_NO_SIGN`, `E_WITHDRAWN`, `E_POLICY_EXPIRED`, `E_PIN`,
 *   `E_POLICY_*`, `E_ROLLBACK`, `E_FORK`, `E_MEMORY`, `E_LEDGER_UNREACHABLE`, `E_USAGE`.
 */
export async function verify(tool: string, options: ConsumerOptions): Promise<VerifiedRelease> {
  await using consumer = await Consumer.open(options);
  return consumer.verify(tool);
}

/**
 * Verifies a release and what upstream itself signed about it, from the stores alone: no other host, no clock.
 *
 * @throws PullthroughError what {@link verify} throws, and `E_EVIDENCE`, `E_NO_STORE`, `E_STORE_MISSING`; `E_CONFIG` for a word of `evidence.require` that is not one.
 */
export async function verifyEvidence(tool: string, options: ConsumerOptions): Promise<VerifiedRelease> {
  await using consumer = await Consumer.open(options);
  const release = await consumer.verify(tool);
  return release.statements === undefined
    ? { ...release, statements: (await consumer.verifyEvidence(release)).statements }
    : release;
}

/**
 * Verifies a release and brings its files, or those that `patterns` and `platform` choose. A file reaches its name only
 * when its size and SHA-256 are right; one that is there and right is not downloaded.
 *
 * @throws PullthroughError what {@link verify} throws, and `E_DIGEST_MISMATCH`, `E_SIZE`, `E_TRUNCATED`,
 *   `E_STORE_MISSING`, `E_NO_STORE`, `E_NETWORK`, `E_TIMEOUT`, `E_HTTP`, `E_IO`, `E_INPUT`.
 */
export async function get(tool: string, options: ConsumerOptions & GetRequest): Promise<GotRelease> {
  await using consumer = await Consumer.open(options);
  return consumer.get(tool, options);
}
