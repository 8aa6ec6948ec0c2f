import { Readable } from 'node:stream';
import { createTarDecoder } from 'modern-tar';
import { TooMuch } from '../limits.ts';
import type { Limits } from '../limits.ts';
import type { Member, TakeMember } from '../member.ts';

/** The members of a tar archive in their order, one at a time. Throws what the library throws where it is damaged. */
export async function* tarMembers(
  body: AsyncIterable<Uint8Array>,
  limits: Limits,
  take: TakeMember,
): AsyncGenerator<Member, void> {
  const decoder = createTarDecoder({ strict: true });
  const feeding = Readable.toWeb(Readable.from(body)).pipeTo(decoder.writable as WritableStream<unknown>);
  // A failure there must end whatever is being waited for.
  const broken = new Promise<never>((_, reject) => void feeding.catch(reject));
  broken.catch(() => undefined);
  const entries = decoder.readable.getReader();
  for (;;) {
    const next = await Promise.race([entries.read(), broken]);
    if (next.done) break;
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
  await feeding;
}
