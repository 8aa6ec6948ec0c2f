import { PullthroughError } from '../../ledger-schema/error.ts';
import { readNumber, readSubpacketLength, splitPackets, toHex } from '../../ledger-schema/openpgp/packet.ts';

/** The most bytes of a signature file of upstream's that is looked at. */
export const UPSTREAM_SIGNATURE_BYTES = 64 * 1024;

const SIGNATURE = 2;
const ISSUER = 16;
const ISSUER_FINGERPRINT = 33;

/**
 * Which keys a signature file of upstream's claims to be by: OpenPGP, armoured or not, or minisign. It is a claim, read
 * and not verified, to be compared with that of the release before. Undefined where it names none, as certificates of
 * Sigstore do not.
 */
export function claimedIssuers(file: Uint8Array): readonly string[] | undefined {
  if (file.length > UPSTREAM_SIGNATURE_BYTES) return undefined;
  const text = Buffer.from(file).toString('latin1');
  const issuers = text.startsWith('untrusted comment:') ? minisignKey(text) : openpgpIssuers(text, file);
  return issuers.length === 0 ? undefined : [...new Set(issuers)].sort();
}

/** Second line: base64 of two letters, the key's id (little-endian) and the signature. */
function minisignKey(text: string): string[] {
  const line = /^[A-Za-z0-9+/=]{100}$/.exec(text.split('\n')[1]?.trim() ?? '')?.[0];
  const bytes = line === undefined ? Buffer.alloc(0) : Buffer.from(line, 'base64');
  return bytes.length === 74 && /^E[Dd]/.test(bytes.toString('latin1', 0, 2))
    ? [`minisign ${toHex(Uint8Array.from(bytes.subarray(2, 10)).reverse())}`]
    : [];
}

function openpgpIssuers(text: string, file: Uint8Array): string[] {
  const body = /-----BEGIN PGP SIGNATURE-----\r?\n(.*?)-----END PGP SIGNATURE-----/s.exec(text)?.[1];
  const bytes = body === undefined ? file : dearmorLeniently(body);
  try {
    const packets = splitPackets(bytes, 'E_SIG_PACKET', 'the signature');
    return packets.filter(({ tag }) => tag === SIGNATURE).flatMap((packet) => issuerOf(packet.body) ?? []);
  } catch (error) {
    if (error instanceof PullthroughError) return [];
    throw error;
  }
}

/** What stands between the armour's lines, without its headers and checksum. */
function dearmorLeniently(body: string): Uint8Array {
  const lines = body.split(/\r?\n/);
  const blank = lines.findIndex((line) => line.trim() === '');
  return Buffer.from(
    lines
      .slice(blank + 1)
      .filter((line) => !line.startsWith('='))
      .join(''),
    'base64',
  );
}

/** The fingerprint where the signature names one, else the key id. */
function issuerOf(body: Uint8Array): string | undefined {
  const version = body[0];
  if (version === 3) return body.length >= 15 ? toHex(body.subarray(7, 15)) : undefined;
  if (version !== 4) return undefined;
  const hashed = readNumber(body, 4, 2) ?? 0;
  const unhashed = readNumber(body, 6 + hashed, 2) ?? 0;
  const areas = [body.subarray(6, 6 + hashed), body.subarray(8 + hashed, 8 + hashed + unhashed)];
  const subpackets = areas.flatMap(readSubpackets);
  const fingerprint = subpackets.find(({ type, body: { length } }) => type === ISSUER_FINGERPRINT && length > 1);
  if (fingerprint !== undefined) return toHex(fingerprint.body.subarray(1));
  const id = subpackets.find(({ type, body: { length } }) => type === ISSUER && length === 8);
  return id === undefined ? undefined : toHex(id.body);
}

function readSubpackets(area: Uint8Array): { type: number; body: Uint8Array }[] {
  const subpackets: { type: number; body: Uint8Array }[] = [];
  let offset = 0;
  while (offset < area.length) {
    const length = readSubpacketLength(area, offset);
    if (length === undefined || length.value === 0) break;
    const start = offset + length.size;
    offset = start + length.value;
    if (offset > area.length) break;
    subpackets.push({ type: (area[start] ?? 0) & 0x7f, body: area.subarray(start + 1, offset) });
  }
  return subpackets;
}
