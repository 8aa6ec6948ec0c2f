import { createHash } from 'node:crypto';
import { foldAscii } from '../../ledger-schema/index.ts';

/** What every file system takes, with our ending added. */
const LONGEST = 200;

function short(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** A segment of the ledger as a name of the site. Its characters can't lead out of a path, and `~` is not one of them. */
function nameOf(segment: string, alike: boolean): string {
  const long = segment.length > LONGEST;
  return alike || long ? `${segment.slice(0, LONGEST - 20)}~${short(segment)}` : segment;
}

/**
 * The names of segments that stand in one folder: those that differ in case alone, which no ledger's gate lets in, get
 * a suffix, so that none takes another's place on any file system.
 */
export function namesOf(segments: Iterable<string>): Map<string, string> {
  const all = [...segments];
  const count = new Map<string, number>();
  for (const segment of all) count.set(foldAscii(segment), (count.get(foldAscii(segment)) ?? 0) + 1);
  return new Map(all.map((segment) => [segment, nameOf(segment, (count.get(foldAscii(segment)) ?? 0) > 1)]));
}

/** The folder of a tool's pages by its path in the ledger. `alike`: another path differs from it in case alone. */
export function toolFolder(path: string, alike: boolean): string {
  const [, source = '', owner = '', repo = ''] = path.split('/');
  const name = alike ? `${nameOf(repo, false).slice(0, LONGEST - 20)}~${short(path)}` : nameOf(repo, false);
  return `tools/${nameOf(source, false)}/${nameOf(owner, false)}/${name}`;
}

/** The path of a document about a tool with such a folder, below `root`: `root/O/R.json`, with the source before it where that isn't `host`. */
export function toolDocument(root: string, folder: string, host: string, sources: ReadonlySet<string>): string {
  const parts = folder.split('/').slice(1);
  const [source = '', owner = ''] = parts;
  // An owner with the same name as a source would share its folder.
  const whole = source !== host || sources.has(foldAscii(owner));
  return `${root}/${(whole ? parts : parts.slice(1)).join('/')}.json`;
}

/** A path of the site as a link from a page that lies `depth` folders deep. */
export function linkTo(path: string, depth: number): string {
  return '../'.repeat(depth) + path.split('/').map(encodeURIComponent).join('/');
}

/** The path that a page of a list has in its folder. */
export function pageName(number: number): string {
  return number === 1 ? 'index.html' : `page-${number}.html`;
}
