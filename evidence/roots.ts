import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial } from '@sigstore/verify';
import type { TrustMaterial } from '@sigstore/verify';
import { PullthroughError, fail } from '../ledger-schema/error.ts';
import type { AddedRoot } from './added-root.ts';
import { parseHostileJson } from './bounds.ts';
import { GITHUB } from './roots/github.ts';
import { PUBLIC_GOOD } from './roots/public-good.ts';
import { settled } from './settled-certificate.ts';

/** One trusted root, and how much of each kind of witness a signature under it needs. */
export interface Root {
  /** For messages; `github` is GitHub's own, `public-good` the public instance's, else the file that it comes from. */
  readonly name: string;
  readonly material: TrustMaterial;
  readonly thresholds: {
    readonly logEntries: number;
    readonly certificateTimestamps: number;
    /** From a timestamp authority alone. */
    readonly authorityTimestamps: number;
  };
}

function noKeys(): never {
  return fail('E_EVIDENCE', 'the bundle is signed by a key that is not pinned here');
}

/**
 * A root from its JSON. `thresholds` are for the roots that the package carries. Under an added root, a log entry and a
 * certificate timestamp are needed where it has logs of that kind; the time is the log's or an authority's, as under
 * the public-good root, or only an authority's where it has no log.
 */
export function makeRoot(name: string, json: unknown, thresholds?: Root['thresholds']): Root {
  const root = TrustedRoot.fromJSON(json);
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = root;
  const keys = [...tlogs, ...ctlogs].map(({ publicKey }) => publicKey);
  const since = [...keys, ...certificateAuthorities, ...timestampAuthorities].map((one) => one?.validFor?.start);
  // Without a start of validity, a key that leaked later would be good for the past too.
  if (since.includes(undefined)) fail('E_EVIDENCE', 'something in it does not say since when it is valid');
  const one = (list: readonly unknown[]): number => Math.min(1, list.length);
  const each = {
    logEntries: one(tlogs),
    certificateTimestamps: one(ctlogs),
    authorityTimestamps: tlogs.length > 0 ? 0 : one(timestampAuthorities),
  };
  const material = toTrustMaterial(root, noKeys);
  for (const { certChain } of [...material.certificateAuthorities, ...material.timestampAuthorities]) {
    certChain.forEach(settled);
  }
  return { name, material, thresholds: thresholds ?? each };
}

let carried: readonly Root[] | undefined;

/** The roots that the package carries; read once. */
function carriedRoots(): readonly Root[] {
  carried ??= [
    makeRoot('public-good', JSON.parse(PUBLIC_GOOD), {
      logEntries: 1,
      certificateTimestamps: 1,
      authorityTimestamps: 0,
    }),
    makeRoot('github', JSON.parse(GITHUB), { logEntries: 0, certificateTimestamps: 0, authorityTimestamps: 1 }),
  ];
  return carried;
}

/**
 * The roots that signatures are checked against: the public-good one, GitHub's, and those that were added. Uses no
 * network. Throws `E_CONFIG` for an added one that can't be read.
 */
export function loadRoots(added: readonly AddedRoot[] = []): readonly Root[] {
  return [...carriedRoots(), ...added.map(addedRoot)];
}

function addedRoot({ name, bytes }: AddedRoot): Root {
  try {
    const json = parseHostileJson(bytes, name);
    if (typeof json !== 'object' || json === null || !('certificateAuthorities' in json)) {
      return fail('E_EVIDENCE', 'it names no certificate authority');
    }
    // A file with the name of a carried root is not that root: GitHub's releases are attested under GitHub's alone.
    const own = carriedRoots().some((root) => root.name === name) ? `./${name}` : name;
    return makeRoot(own, { tlogs: [], ctlogs: [], timestampAuthorities: [], ...json });
  } catch (cause) {
    const why = cause instanceof PullthroughError ? `: ${cause.message}` : '';
    return fail('E_CONFIG', `${name} is not a trusted root${why}`, {
      hint: 'give the trusted_root.json that your Sigstore instance distributes',
      cause,
    });
  }
}
