import { createHash } from 'node:crypto';
import { Body } from '../io/body/body.ts';
import { compressionOf } from './formats/decompress.ts';
import type { Limits } from './limits.ts';
import type { Member, MemberHead } from './member.ts';
import { isProgram, readProgram } from './formats/executable.ts';

const HEAD = 512;
/** A text longer than this is compared by its digest alone. */
const TEXT_BYTES = 256 * 1024;
const SCRIPT_NAME =
  /\.(?:sh|bash|zsh|fish|ps1|psm1|psd1|bat|cmd|vbs|vbe|wsf|hta|py|rb|pl|js|jse|cjs|mjs|lua|php|tcl|command)$/i;

/** Reads a file of an archive to its end: its digest, and what it is by its first bytes. */
export async function readMember(head: MemberHead, body: AsyncIterable<Uint8Array>, limits: Limits): Promise<Member> {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let keeps = true;
  let size = 0;
  await Body.from(body).each((chunk) => {
    hash.update(chunk);
    size += chunk.length;
    if (!keeps) return;
    // Whoever gave it uses its memory again.
    kept.push(Uint8Array.from(chunk));
    if (size < HEAD) return;
    const [begin = chunk] = kept;
    const first = begin.length >= 4 ? begin : Buffer.concat(kept.slice(0, 4));
    keeps = size <= (isProgram(first) ? limits.kept : TEXT_BYTES);
  });
  const bytes = Buffer.concat(kept);
  const program = isProgram(bytes) ? readProgram(bytes) : undefined;
  const script = (bytes[0] === 0x23 && bytes[1] === 0x21) || SCRIPT_NAME.test(head.path);
  const text = size <= TEXT_BYTES ? textOf(bytes) : undefined;
  return {
    ...head,
    kind: 'file',
    size,
    sha256: hash.digest('hex'),
    ...(program === undefined ? {} : { program }),
    ...(script ? { script } : {}),
    ...(isArchive(bytes, head.path) ? { archive: true } : {}),
    ...(text === undefined ? {} : { text }),
  };
}

/** By its first bytes, or a name that says so. */
function isArchive(bytes: Uint8Array, path: string): boolean {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
  const tar = Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar';
  // A manual page is compressed too, but there is nothing to look into.
  return zip || tar || (compressionOf(bytes) !== undefined && !/\.\d(?:\w+)?\.gz$/.test(path));
}

function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
