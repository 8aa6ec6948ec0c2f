import { sha256Hex, utf8 } from '../../ledger-schema/bytes.ts';
import { newMinisignKey } from '../../evidence/keys/minisign-new-key.ts';
import { readMinisignSecret } from '../../evidence/keys/minisign-secret.ts';
import type { MinisignSigner } from '../../evidence/keys/minisign-secret.ts';
import { keySigner, readEnvelope } from '../../consumer/stamps/signer.ts';
import type { StampSigner } from '../../consumer/stamps/signer.ts';
import type { StampContext, ToolStamps } from '../../consumer/stamps/make-stamps.ts';
import type { StampRecord } from '../../consumer/stamps/record.ts';
import type { ListPredicate, ReleasePredicate, StatementSubject } from '../../consumer/stamps/statement.ts';

/** A file whose bytes are its name. */
export function stampAsset(name: string, content = name) {
  return { name, size: Buffer.byteLength(content), sha256: sha256Hex(utf8(content)) };
}

/** An acknowledged record of jq. */
export function stampRecord(tag: string, changes: Partial<StampRecord> = {}): StampRecord {
  return {
    source: 'github.com',
    repository: 'jqlang/jq',
    repositoryId: 5101141,
    tag,
    commit: '71c2ab509a8628dbbad4bc7b3f98a64aa90d3297',
    path: `packages/github.com/jqlang/jq/${tag}`,
    checklist: sha256Hex(utf8(tag)),
    state: 'acknowledged',
    published: new Date('2026-03-01T10:00:00Z'),
    acks: ['ada', 'grace'],
    nacks: [],
    assets: [stampAsset('jq-linux-amd64'), stampAsset('jq-macos-arm64'), stampAsset('sha256sum.txt')],
    evidence: [],
    ...changes,
  };
}

/** A signer by a new key, and the key's file for `packslip verify --pubkey`. */
export async function newStampSigner(): Promise<{ signer: StampSigner; publicKey: Uint8Array; key: MinisignSigner }> {
  const pair = await newMinisignKey({});
  const key = await readMinisignSecret(pair.secret, undefined);
  return { signer: keySigner(key), publicKey: pair.public, key };
}

export function stampContext(signer: StampSigner, changes: Partial<StampContext> = {}): StampContext {
  return {
    signer,
    baseUrl: 'https://releases.acme.example',
    urlOf: ({ repository, tag }, { name }) => `https://github.com/${repository}/releases/download/${tag}/${name}`,
    expires: new Date('2027-03-01T00:00:00Z'),
    height: 42,
    now: new Date('2026-03-02T00:00:00Z'),
    ledger: '9f86d081884c7d659a2feaa0c55ad015',
    vendor: () => Promise.resolve(undefined),
    before: () => Promise.resolve(undefined),
    ...changes,
  };
}

/** The site's folder after the stamps were written into it. */
export function folderWith(
  stamps: ToolStamps | undefined,
  before: ReadonlyMap<string, Uint8Array> = new Map(),
): Map<string, Uint8Array> {
  const kept = [...before].filter(([path]) => stamps?.kept.has(path) === true);
  return new Map([
    ...kept,
    ...(stamps?.packslips ?? []),
    ...(stamps ? [[stamps.list.path, stamps.list.bytes] as const] : []),
  ]);
}

export interface Signed<P> {
  readonly _type: string;
  readonly subject: readonly StatementSubject[];
  readonly predicateType: string;
  readonly predicate: P;
}

/** What a bundle of ours says. */
export function statementOf<P = ListPredicate>(bundle: Uint8Array | undefined): Signed<P> {
  const envelope = readEnvelope(bundle ?? new Uint8Array());
  return JSON.parse(envelope?.payload.toString() ?? 'null') as Signed<P>;
}

export function releaseOf(bundle: Uint8Array | undefined): Signed<ReleasePredicate> {
  return statementOf<ReleasePredicate>(bundle);
}

/** A release list that says nothing, of the empty file. */
export function emptyStatement(): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: '_', digest: { sha256: sha256Hex(new Uint8Array()) } }],
      predicateType: 'https://packslip.dev/releases/v1',
      predicate: {},
    }),
  );
}
