import { hasSideWord, isSideFile } from './asset-kind.ts';
import { archOf, osOf } from './asset-name.ts';

/** The names that begin with a tool's; where none does, those that have it as a word: `x86_64-linux-cpz`, `xremap-gnome`. */
export function ofTool(names: readonly string[], tool: string): string[] {
  const begin = names.filter((name) => isOfTool(name, tool, names));
  if (begin.some((name) => !isSideFile(name) && !hasSideWord(name))) return begin;
  const words = tool.split(/[^a-z0-9]+/i).filter((word) => word !== '');
  if (words.length === 0) return begin;
  const inside = new RegExp(`(?<![a-z0-9])${words.join('[-_.]')}(?![a-z0-9])`, 'i');
  return names.filter((name) => inside.test(name));
}

/** Does a name begin with a tool's, and with no longer one that other files begin with: `kubectl-foo` is not `kubectl`? */
function isOfTool(name: string, tool: string, names: readonly string[]): boolean {
  const rest = restBehind(name, tool);
  if (rest === undefined) return false;
  const longer = /^[-_.]([a-z][a-z][a-z0-9]*)/i.exec(rest)?.[1];
  if (longer === undefined || isEnding(rest) || osOf(longer) !== undefined || archOf(longer).length > 0) return true;
  return !names.some((other) => saysPlatform(restBehind(other, tool)));
}

function restBehind(name: string, tool: string): string | undefined {
  const rest = name.slice(tool.length);
  return sameSeparators(name).startsWith(sameSeparators(tool)) && !/^[a-z0-9]/i.test(rest) ? rest : undefined;
}

/** `hugo-extended` is written `hugo_extended` in names, too. */
function sameSeparators(text: string): string {
  return text.toLowerCase().replace(/[_.]/g, '-');
}

function saysPlatform(rest: string | undefined): boolean {
  const word = /^[-_.](?:v?[\d.]+[-_.])?([a-z0-9]+)/i.exec(rest ?? '')?.[1] ?? '';
  return osOf(word) !== undefined || archOf(word).length > 0 || (rest !== undefined && isEnding(rest));
}

/** The bare file, `name.exe` and `name.tar.gz` are the tool's own. */
function isEnding(rest: string): boolean {
  return /^(?:\.(?:exe|jar|sh|tar|tgz|zip|7z|gz|xz|zst|bz2)(?:\.[a-z0-9]+)?)?$/i.test(rest);
}
