import { fromUtf8, utf8 } from '../ledger-schema/bytes.ts';
import { PullthroughError } from '../ledger-schema/error.ts';
import { EVIDENCE_BYTES } from '../ledger-schema/evidence.ts';
import { parseHostileJson } from './bounds.ts';
import { statementTarget } from './names.ts';
import { isOpenPgpSignature } from './keys/openpgp.ts';
import { isBundle } from './sigstore/sigstore.ts';

/** Something that upstream offers as a statement. Anybody may have written its bytes. */
export interface Offer {
  /** For messages: the file's name, or `the attestation API`. */
  readonly from: string;
  /** Which of the release's files it is; undefined for the API's answers. */
  readonly name?: string | undefined;
  readonly bytes: Uint8Array;
}

/** One statement of an offer: a file can hold several bundles, one a line. */
export type OfferedStatement =
  | {
      readonly kind: 'sigstore' | 'minisign' | 'openpgp';
      readonly from: string;
      readonly bytes: Uint8Array;
      /** The file that it is about, by its own name; undefined where only its contents say so. */
      readonly about?: string | undefined;
    }
  | { readonly kind: 'nothing'; readonly from: string; readonly why: string };

/** The most bundles of one file. */
const MOST_LINES = 64;

/** Finds out what an offer is, by its name and how it begins. */
export function splitOffer({ from, name, bytes }: Offer): OfferedStatement[] {
  if (name === undefined) return [{ kind: 'sigstore', from, bytes }];
  const about = statementTarget(name);
  // A file with this name is a bundle, or is refused as one.
  if (/\.sigstore\.json$/i.test(name)) return [{ kind: 'sigstore', from, bytes, about }];
  if (bytes.length > EVIDENCE_BYTES) return [nothing(from, `it has more than ${EVIDENCE_BYTES} bytes`)];
  if (/\.minisig$/i.test(name)) return [{ kind: 'minisign', from, bytes, about }];
  if (/\.(?:asc|sig)$/i.test(name)) {
    const known = isOpenPgpSignature(bytes);
    const inline = /^\s*-----BEGIN PGP SIGNED MESSAGE-----/.test(fromUtf8(bytes.subarray(0, 128)) ?? '');
    const why = inline
      ? 'it is signed inline, and a detached OpenPGP signature counts'
      : 'it is not a detached OpenPGP signature';
    return [known ? { kind: 'openpgp', from, bytes, about } : nothing(from, why)];
  }
  if (/\.intoto\.jsonl$/i.test(name)) return linesOf(from, bytes);
  return [bundleOr(from, bytes, about)];
}

function nothing(from: string, why: string): OfferedStatement {
  return { kind: 'nothing', from, why };
}

function linesOf(from: string, bytes: Uint8Array): OfferedStatement[] {
  const lines = (fromUtf8(bytes) ?? '').split('\n').filter((line) => line.trim() !== '');
  if (lines.length <= 1) return [bundleOr(from, bytes)];
  if (lines.length > MOST_LINES) return [nothing(from, `it has more than ${MOST_LINES} lines`)];
  return lines.map((line, i) => bundleOr(`${from}, line ${i + 1}`, utf8(line)));
}

function bundleOr(from: string, bytes: Uint8Array, about?: string): OfferedStatement {
  let json: unknown;
  try {
    json = parseHostileJson(bytes, 'it');
  } catch (error) {
    return nothing(from, error instanceof PullthroughError ? error.message : 'it is not JSON');
  }
  if (isBundle(json)) return { kind: 'sigstore', from, bytes, about };
  const bare = typeof json === 'object' && json !== null && 'payloadType' in json && 'signatures' in json;
  const why = bare ? 'it is a bare envelope without an entry of a transparency log' : 'it is not a Sigstore bundle';
  return nothing(from, why);
}
