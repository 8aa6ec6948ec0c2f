import { TooMuch } from '../limits.ts';
import type { Limits } from '../limits.ts';
import type { Member, TakeMember } from '../member.ts';
import { Pull, drain } from './pull.ts';

const HEADER = 110;
const TRAILER = 'TRAILER!!!';

const padding = (length: number): number => (4 - (length % 4)) % 4;

/** The members of a cpio archive of the "new" kind, which rpm has, one at a time. Throws where it is damaged. */
export async function* cpioMembers(
  body: AsyncIterable<Uint8Array>,
  limits: Limits,
  take: TakeMember,
): AsyncGenerator<Member, void> {
  const pull = new Pull(body);
  try {
    yield* cpioEntries(pull, limits, take);
  } finally {
    await pull.close();
  }
}

async function* cpioEntries(pull: Pull, limits: Limits, take: TakeMember): AsyncGenerator<Member, void> {
  for (;;) {
    const header = (await pull.bytes(HEADER)).toString('latin1');
    if (!/^07070[12][0-9a-fA-F]{104}$/.test(header)) throw new Error('its list of files is damaged');
    const field = (n: number): number => Number.parseInt(header.slice(6 + 8 * n, 14 + 8 * n), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    if (nameSize > limits.name) throw new TooMuch(`a name in it has more than ${limits.name} characters`);
    const path = (await pull.bytes(nameSize)).toString('utf8').replace(/\0+$/, '');
    await pull.bytes(padding(HEADER + nameSize));
    if (path === TRAILER) return;
    const base = { path, mode: mode & 0o7777 };
    const type = mode & 0o170000;
    if (type === 0o100000 || type === 0) yield await take(base, pull.part(size), limits);
    else if (type === 0o120000) {
      if (size > limits.name) throw new TooMuch(`a link in it has more than ${limits.name} characters`);
      yield { ...base, kind: 'link', size: 0, target: (await pull.bytes(size)).toString('utf8') };
    } else {
      await drain(pull.part(size));
      yield { ...base, kind: type === 0o040000 ? 'folder' : 'device', size: 0 };
    }
    await pull.rest();
    await pull.bytes(padding(size));
  }
}
