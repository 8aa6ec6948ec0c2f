import type { Limits } from './limits.ts';
import type { Program } from './formats/executable.ts';

/** Something in an archive; a file that isn't an archive is its own only member. */
export interface Member {
  /** As the archive says it: hostile. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'device';
  /** Unix permissions, where the archive has them. */
  readonly mode?: number;
  /** Bytes. */
  readonly size: number;
  /** Of a link. */
  readonly target?: string;
  /** The target is another member's whole path: both are one file. */
  readonly hard?: true;
  /** Of a file. */
  readonly sha256?: string;
  /** Where its first bytes are a program's. */
  readonly program?: Program;
  /** It begins with `#!`, or its name is that of a script. */
  readonly script?: true;
  /** It is an archive itself, and was not looked into. */
  readonly archive?: true;
  /** It can't be read without a password. */
  readonly encrypted?: true;
  /** A script of the package's own, which runs when it is installed. */
  readonly installs?: true;
  /** Its text, where it is one and short; for a line-by-line difference. */
  readonly text?: string;
}

/** What an archive says of a file before its bytes. */
export type MemberHead = Pick<Member, 'path' | 'mode' | 'installs'>;

/** Takes a file's bytes to their end, and returns what there is to know about it. */
export type TakeMember = (head: MemberHead, body: AsyncIterable<Uint8Array>, limits: Limits) => Promise<Member>;

/** How an archive is looked into. */
export interface How {
  readonly limits: Limits;
  readonly take: TakeMember;
  /** Told what programs understand differently about it. */
  readonly doubt: (why: string) => void;
}

/** What was seen of one file. */
export interface Contents {
  readonly kind: 'tar' | 'zip' | 'deb' | 'rpm' | 'compressed' | 'program' | 'script' | 'other';
  readonly members: readonly Member[];
  /** Why other programs may see other members than these. */
  readonly doubt?: string;
  /** Why it wasn't read to its end. */
  readonly stopped?: { readonly why: 'too-much' | 'unreadable'; readonly message: string };
}

/** One file's bytes, which somebody else holds. */
export interface FileBytes {
  readonly name: string;
  readonly size: number;
  /** From an offset on; `length` bytes at most. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** All of them, in order. */
  stream(offset?: number): AsyncIterable<Uint8Array>;
}
