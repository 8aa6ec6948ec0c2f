/** The head of an HTTP/1.1 answer (RFC 9112, 4 and 5). */
export interface Head {
  readonly status: number;
  /** By lower-case name; several of one name joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The longest head that is read, in bytes. */
export const MOST_HEAD = 64 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/** Bytes up to the end of the head; undefined while it isn't whole. */
export function findHead(bytes: Uint8Array): number | undefined {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('\r\n\r\n');
  return end === -1 ? undefined : end + 4;
}

/** Reads a whole head; undefined where it is too long or not exactly of the form: folded lines, lone CR or LF, NUL. */
export function parseHead(bytes: Uint8Array): Head | undefined {
  if (bytes.length > MOST_HEAD) return undefined;
  const [first = '', ...lines] = Buffer.from(bytes)
    .toString('latin1', 0, bytes.length - 4)
    .split('\r\n');
  const status = STATUS_LINE.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const field = FIELD_LINE.exec(line);
    if (!field) return undefined;
    const name = (field[1] ?? '').toLowerCase();
    const value = field[2] ?? '';
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return { status: Number(status), headers };
}
