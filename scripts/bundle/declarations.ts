import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

/** `from './x.ts'`, `import('./x.ts')` and their like, as the compiler writes them into declarations. */
const SPECIFIER = /(\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\2/g;

export interface Declarations {
  /** Texts by path below the compiled folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Other packages' modules that a declaration names: a user with only this package has none of them. */
  readonly foreign: ReadonlyMap<string, string>;
}

/**
 * The declarations that some entries need, from one to the next; `read` gives the text of one. Their imports name `.js`
 * files, as every version of TypeScript reads them.
 */
export function declarations(entries: readonly string[], read: (path: string) => string): Declarations {
  const files = new Map<string, string>();
  const foreign = new Map<string, string>();
  const left = entries.map((entry) => `${entry}.d.ts`);
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (files.has(path)) continue;
    const from = path;
    const text = read(path).replaceAll(SPECIFIER, (all, before: string, quote: string, specifier: string) => {
      if (!specifier.startsWith('.')) {
        foreign.set(specifier, from);
        return all;
      }
      const plain = specifier.replace(/\.[jt]s$/, '');
      left.push(`${join(dirname(from), plain)}.d.ts`);
      return `${before}${quote}${plain}.js${quote}`;
    });
    files.set(path, text);
  }
  return { files, foreign };
}

/** Writes the declarations of some entries beside them. Throws where one needs another package's. */
export function writeDeclarations(entries: readonly string[], compiled: string, folder: string): void {
  const { files, foreign } = declarations(entries, (path) => readFileSync(join(compiled, path), 'utf8'));
  for (const [name, path] of foreign) throw new Error(`${path} names ${name}, which no user has`);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
