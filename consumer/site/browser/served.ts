// What the site serves, read within bounds: none of it is trusted.
import { PullthroughError, utf8 } from '../../../ledger-schema/index.ts';

/** Files of the ledger as the site serves them: none of it is trusted. */
export interface Served {
  readonly path: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 50_000;

/** The files of a ledger. Throws `E_RECORD` for anything but a document of the site, `E_HTTP` where there is none. */
export async function fetchServed(address: string): Promise<Served> {
  const served = await fetchDocument(address);
  if (served === undefined) throw new PullthroughError('E_HTTP', `the site has no ${address}`);
  const { path, files } = (served ?? {}) as { readonly path?: unknown; readonly files?: unknown };
  if (typeof path !== 'string' || typeof files !== 'object' || files === null) {
    throw new PullthroughError('E_RECORD', `${address} does not hold the files of a ledger`);
  }
  const entries = Object.entries(files);
  if (entries.length > MOST_FILES) throw new PullthroughError('E_TOO_LARGE', `${address} has too many files`);
  const found = new Map<string, Uint8Array>();
  for (const [name, content] of entries) if (typeof content === 'string') found.set(name, utf8(content));
  return { path, files: found };
}

/** Any JSON; undefined where the site has nothing there. Throws `E_HTTP`, `E_RECORD`, `E_TOO_LARGE`. */
export async function fetchDocument(address: string): Promise<unknown> {
  const response = await fetch(address, { redirect: 'error', credentials: 'omit' });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new PullthroughError('E_HTTP', `the site answers ${response.status} for ${address}`);
  const text = await boundedText(response);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PullthroughError('E_RECORD', `${address} is not JSON`, { cause });
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  let text = '';
  let bytes = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > MOST_BYTES) {
      void reader.cancel().catch(() => undefined);
      throw new PullthroughError('E_TOO_LARGE', 'the site sends more than a ledger has');
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
