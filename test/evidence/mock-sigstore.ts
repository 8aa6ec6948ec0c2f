import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { dsse, pem } from '@sigstore/core';
import { makeRoot } from '../../evidence/roots.ts';
import type { Root } from '../../evidence/roots.ts';

const SINCE = '2020-01-01T00:00:00Z';
const REKOR = 'https://rekor.sigstore.dev';
const P256 = 'PKIX_ECDSA_P256_SHA_256';

export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const base64 = (bytes: string | Uint8Array | ArrayBufferView): string =>
  Buffer.from(
    typeof bytes === 'string' ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ).toString('base64');
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });
const logId = (key: Uint8Array): string => createHash('sha256').update(key).digest('base64');

/** Who a certificate is for. */
export interface Identity {
  readonly san: string;
  readonly issuer?: string;
  /** Fulcio's extensions by the last number of their identifiers. */
  readonly claims?: Readonly<Record<number, string>>;
}

export interface BundleOptions extends Identity {
  /** Default: both where the instance has them. */
  readonly log?: boolean;
  readonly stamp?: boolean;
  /** The time of log and timestamp; the certificate is valid ten minutes from the instance's own. */
  readonly at?: Date;
  /** Signs by this key, without a certificate. */
  readonly key?: KeyObject;
  /** What is signed in place of the in-toto statement. */
  readonly payload?: string;
  readonly payloadType?: string;
}

export interface Statement {
  readonly predicateType: string;
  readonly predicate: unknown;
  readonly subject: readonly object[];
}

interface FulcioRequest {
  readonly credentials: { readonly oidcIdentityToken: string };
  readonly publicKeyRequest: { readonly publicKey: { readonly content: string } };
}

interface RekorRequest {
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly string[] } };
}

/** A Sigstore instance of its own: an authority, logs, a timestamp authority. `witnesses`: as GitHub's, without logs. */
export class MockSigstore {
  readonly #now: Date;
  readonly #parts: Awaited<ReturnType<typeof parts>>;
  readonly withLogs: boolean;

  private constructor(now: Date, made: Awaited<ReturnType<typeof parts>>, withLogs: boolean) {
    this.#now = now;
    this.#parts = made;
    this.withLogs = withLogs;
  }

  /** `ahead`: how far its clock is, in milliseconds. */
  static async make({ withLogs = true, ahead = 60_000 } = {}): Promise<MockSigstore> {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000 + ahead);
    return new MockSigstore(now, await parts(now, withLogs), withLogs);
  }

  get now(): Date {
    return this.#now;
  }

  /** Its trusted_root.json. */
  get rootJson(): object {
    const { ca, ct, log, tsa } = this.#parts;
    const validFor = { start: SINCE };
    const chain = (...certificates: ArrayBufferView[]) => ({
      certificates: certificates.map((each) => ({ rawBytes: base64(each) })),
    });
    const subject = { organization: 'sigstore.mock', commonName: 'mock' };
    const key = (bytes: Uint8Array) => ({ rawBytes: base64(bytes), keyDetails: P256, validFor });
    const logs = {
      tlogs: [
        {
          baseUrl: REKOR,
          hashAlgorithm: 'SHA2_256',
          publicKey: key(log.publicKey),
          logId: { keyId: logId(log.publicKey) },
        },
      ],
      ctlogs: [
        { baseUrl: REKOR, hashAlgorithm: 'SHA2_256', publicKey: key(ct.publicKey), logId: { keyId: base64(ct.logID) } },
      ],
    };
    return {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      ...(this.withLogs ? logs : { tlogs: [], ctlogs: [] }),
      certificateAuthorities: [
        { subject, uri: 'https://fulcio.example', certChain: chain(ca.rootCertificate), validFor },
      ],
      timestampAuthorities: [
        { subject, uri: 'https://tsa.example', certChain: chain(tsa.intCertificate, tsa.rootCertificate), validFor },
      ],
    };
  }

  /** What Fulcio answers to a request for a certificate: for the workflow that the token names. */
  async certificateFor(request: string): Promise<string> {
    const { credentials, publicKeyRequest } = JSON.parse(request) as FulcioRequest;
    const claims = JSON.parse(
      Buffer.from(credentials.oidcIdentityToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as Readonly<Record<string, string>>;
    const key = createPublicKey(publicKeyRequest.publicKey.content);
    const leaf = await this.#parts.ca.issueCertificate({
      publicKey: Uint8Array.from(spki(key)),
      subjectAltName: `https://github.com/${claims['job_workflow_ref'] ?? ''}`,
      // As Fulcio does: older programs read the first one alone.
      extensions: [
        { oid: '1.3.6.1.4.1.57264.1.1', value: claims['iss'] ?? '', legacy: true },
        { oid: '1.3.6.1.4.1.57264.1.8', value: claims['iss'] ?? '' },
      ],
    });
    const certificates = [leaf, this.#parts.ca.rootCertificate].map((each) =>
      pem.fromDER(Buffer.from(base64(each), 'base64')),
    );
    return JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } });
  }

  /** What Rekor answers to a proposed entry of the kind dsse. */
  async entryFor(request: string): Promise<string> {
    const { spec } = JSON.parse(request) as RekorRequest;
    const envelope = JSON.parse(spec.proposedContent.envelope) as {
      payload: string;
      signatures: readonly { sig: string }[];
    };
    const [verifier = ''] = spec.proposedContent.verifiers;
    const entry = {
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(spec.proposedContent.envelope) },
        payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(envelope.payload, 'base64')) },
        signatures: envelope.signatures.map(({ sig }) => ({ signature: sig, verifier })),
      },
    };
    return JSON.stringify(await this.#parts.log.log(entry));
  }

  /** As one of the roots that the package carries, or as an added one. */
  root(name: string): Root {
    const thresholds = {
      'public-good': { logEntries: 1, certificateTimestamps: 1, authorityTimestamps: 0 },
      github: { logEntries: 0, certificateTimestamps: 0, authorityTimestamps: 1 },
    }[name];
    return makeRoot(name, this.rootJson, thresholds);
  }

  async statement({ predicateType, predicate, subject }: Statement, options: BundleOptions): Promise<MockBundle> {
    const inToto = JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate });
    const payload = Buffer.from(options.payload ?? inToto);
    const { payloadType = 'application/vnd.in-toto+json' } = options;
    const { signature, material, certificate } = await this.#sign(dsse.preAuthEncoding(payloadType, payload), options);
    const entry = {
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(payload) },
        payloadHash: { algorithm: 'sha256', value: sha256(payload) },
        signatures: [{ signature: base64(signature), verifier: certificate }],
      },
    };
    return this.#bundle(material, signature, entry, options, {
      dsseEnvelope: { payload: base64(payload), payloadType, signatures: [{ sig: base64(signature), keyid: '' }] },
    });
  }

  async message(bytes: Uint8Array, options: BundleOptions): Promise<MockBundle> {
    const { signature, material, certificate } = await this.#sign(Buffer.from(bytes), options);
    const entry = {
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: sha256(bytes) } },
        signature: { content: base64(signature), publicKey: { content: certificate } },
      },
    };
    const digest = createHash('sha256').update(bytes).digest('base64');
    return this.#bundle(material, signature, entry, options, {
      messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature: base64(signature) },
    });
  }

  async #sign(data: Uint8Array, { san, issuer, claims = {}, key }: BundleOptions) {
    const { publicKey, privateKey } = pair();
    const texts = Object.entries({ ...(issuer === undefined ? {} : { 8: issuer }), ...claims });
    const extensions = texts.map(([number, value]) => ({ oid: `1.3.6.1.4.1.57264.1.${number}`, value }));
    const request = { publicKey: Uint8Array.from(spki(publicKey)), subjectAltName: san, extensions };
    const leaf = await this.#parts.ca.issueCertificate(request);
    const signature = sign('sha256', data, key ?? privateKey);
    const material = key === undefined ? { certificate: { rawBytes: base64(leaf) } } : { publicKey: { hint: 'mock' } };
    return { signature, material, certificate: base64(pem.fromDER(Buffer.from(base64(leaf), 'base64'))) };
  }

  async #bundle(
    material: object,
    signature: Buffer,
    entry: object,
    { log = this.withLogs, stamp = true, at = this.#now }: BundleOptions,
    content: object,
  ): Promise<MockBundle> {
    const { logAt, stampAt } = this.#parts;
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        ...material,
        tlogEntries: log ? [await logged(await logAt(at), entry)] : [],
        timestampVerificationData: {
          rfc3161Timestamps: stamp ? [{ signedTimestamp: base64(await stampAt(at, signature)) }] : [],
        },
      },
      ...content,
    };
  }
}

/** A bundle as JSON, open for tampering. */
export interface MockBundle {
  mediaType: string;
  verificationMaterial: {
    tlogEntries: object[];
    timestampVerificationData: { rfc3161Timestamps: object[] };
    certificate?: { rawBytes: string };
  };
  dsseEnvelope?: { payload: string; payloadType: string; signatures: object[] };
  messageSignature?: { messageDigest: { algorithm: string; digest: string }; signature: string };
}

export const bytesOf = (bundle: MockBundle): Buffer => Buffer.from(JSON.stringify(bundle));

async function parts(now: Date, withLogs: boolean) {
  const [caKeys, ctKeys, logKeys, tsaKeys] = [pair(), pair(), pair(), pair()];
  const ct = await initializeCTLog(ctKeys);
  const ca = await initializeCA(caKeys, withLogs ? ct : undefined, now);
  const tsa = await initializeTSA(tsaKeys, now);
  const logAt = (at: Date) => initializeTLog(REKOR, logKeys, at);
  const stampAt = async (at: Date, signature: Buffer) => {
    const authority =
      at.getTime() === now.getTime()
        ? tsa
        : Object.assign(Object.create(tsa) as typeof tsa, { getCurrentTime: () => at });
    return authority.timestamp({
      artifactHash: createHash('sha256').update(signature).digest(),
      hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
      nonce: 1,
      policyOID: '1.2.3.4.5',
    });
  };
  return { ca, ct, log: await logAt(now), tsa, logAt, stampAt };
}

interface LogAnswer {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly checkpoint: string;
      readonly rootHash: string;
    };
  };
}

async function logged(log: Awaited<ReturnType<typeof initializeTLog>>, body: object): Promise<object> {
  // @sigstore/mock doesn't bring the types of what its log answers.
  const answer = (await log.log(body)) as Record<string, LogAnswer>;
  const [entry] = Object.values(answer);
  if (entry === undefined) throw new Error('the log gave no entry');
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  const { kind, apiVersion } = body as { kind: string; apiVersion: string };
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      treeSize: String(proof.treeSize),
      rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
}
