import type { Member } from './member.ts';

/** Links that one path may go through; a system follows forty. */
const MOST_LINKS = 40;

/** Where the members of an archive end up, with its links followed as a system follows them. */
export class Places {
  /** Targets of symbolic links, by the links' places. */
  readonly #links = new Map<string, string>();

  constructor(members: readonly Member[]) {
    for (const { kind, hard, path, target } of members) {
      if (kind !== 'link' || hard === true || target === undefined) continue;
      const place = this.of({ path });
      if (place !== undefined) this.#links.set(place, target);
    }
  }

  /** A member's place in the folder that it is unpacked into, its own links followed; undefined where it is outside. */
  of({ path }: Pick<Member, 'path'>): string | undefined {
    const parts = partsOf(path);
    const name = parts.pop();
    const folder = this.#resolve([], parts);
    if (folder === undefined || name === undefined) return folder?.join('/');
    return name === '..' ? this.#resolve(folder, [name])?.join('/') : [...folder, name].join('/');
  }

  /** Would it be written, or point, outside of the folder? */
  escape(member: Member): boolean {
    const { path, kind, target, hard } = member;
    if (isElsewhere(path) || this.of(member) === undefined) return true;
    if (kind !== 'link' || target === undefined) return false;
    if (isElsewhere(target)) return true;
    const from = hard === true ? [] : this.#resolve([], partsOf(path).slice(0, -1));
    return from === undefined || this.#resolve(from, partsOf(target)) === undefined;
  }

  #resolve(from: readonly string[], parts: readonly string[]): string[] | undefined {
    const place = [...from];
    const left = [...parts].reverse();
    let links = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (part === '..') {
        if (place.pop() === undefined) return undefined;
        continue;
      }
      const target = this.#links.get([...place, part].join('/'));
      if (target === undefined) place.push(part);
      else {
        links += 1;
        if (links > MOST_LINKS || isElsewhere(target)) return undefined;
        left.push(...partsOf(target).reverse());
      }
    }
    return place;
  }
}

/** Not below any folder. */
function isElsewhere(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:)/.test(path) || path.includes('\0');
}

/** `..` stays. Programs for Windows take `\` for `/`. */
function partsOf(path: string): string[] {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
}
