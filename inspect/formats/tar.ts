import { ReadableStream } from 'node:stream/web';
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { createTarDecoder } from 'modern-tar';
import type { ParsedTarEntry } from 'modern-tar';
import { TooMuch } from '../limits.ts';
import type { Limits } from '../limits.ts';
import type { How, Member, TakeMember } from '../member.ts';
import { withDoubts } from './tar-doubts.ts';

/** The members of a tar archive in their order, one at a time. Throws what the library throws where it is damaged. */
export async function* tarMembers(
  body: AsyncIterable<Uint8Array>,
  { limits, take, doubt }: How,
): AsyncGenerator<Member, void> {
  const decoder = createTarDecoder({ strict: true });
  const over = new AbortController();
  const { signal } = over;
  const feeding = ReadableStream.from(withDoubts(body, doubt)).pipeTo(decoder.writable, { signal });
  // A failure there must end whatever is being waited for.
  const broken = new Promise<never>((_, reject) => void feeding.catch(reject));
  broken.catch(() => undefined);
  try {
    yield* tarEntries(decoder.readable.getReader(), broken, limits, take);
    await feeding;
  } finally {
    // Whoever stops early lets go of what the bytes come from: one xz stream would keep the next from beginning.
    over.abort();
    await feeding.catch(() => undefined);
  }
}

async function* tarEntries(
  entries: ReadableStreamDefaultReader<ParsedTarEntry>,
  broken: Promise<never>,
  limits: Limits,
  take: TakeMember,
): AsyncGenerator<Member, void> {
  for (;;) {
    const next = await Promise.race([entries.read(), broken]);
    if (next.done) return;
    const { header, body: bytes } = next.value;
    const { name, type = 'file', linkname } = header;
    if (name.length > limits.name) throw new TooMuch(`a name in it has more than ${limits.name} characters`);
    const mode = header.mode === undefined ? {} : { mode: header.mode & 0o7777 };
    const base = { path: name, ...mode };
    if (type === 'file' && !name.endsWith('/')) {
      yield await Promise.race([take(base, bytes, limits), broken]);
      continue;
    }
    await Promise.race([bytes.cancel(), broken]);
    if (type === 'symlink' || type === 'link') {
      yield {
        ...base,
        kind: 'link',
        size: 0,
        target: linkname ?? '',
        ...(type === 'link' ? { hard: true as const } : {}),
      };
    } else if (type === 'directory' || type === 'file') yield { ...base, kind: 'folder', size: 0 };
    else yield { ...base, kind: 'device', size: 0 };
  }
}
