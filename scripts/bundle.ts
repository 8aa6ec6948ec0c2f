// Makes the bundle that the action runs and that a release has as a file: the program and all that it needs, for node
// alone, in one folder.
//   node dist/scripts/bundle.js [FOLDER]     default: ./bundle
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';

export interface BundleOptions {
  /** The project's folder. */
  readonly root: string;
  /** Where its compiled modules are: `dist`. */
  readonly compiled: string;
  /** Made at each call. */
  readonly folder: string;
}

/** What node starts by itself; a worker is a program of its own. */
const ENTRIES = ['action/main', 'cli/main', 'ledger/gate/check-worker'];

/**
 * A module that asks for its own address, to find a file beside it, gets the one that it has in the bundle's folder,
 * whichever file of the bundle its code went to: all of these lie one folder deep.
 */
function ownAddresses(compiled: string): Plugin {
  return {
    name: 'own-addresses',
    transform(code, id) {
      const path = relative(compiled, id).replaceAll('\\', '/');
      if (path.startsWith('..') || path.includes('node_modules/') || !code.includes('import.meta.url')) return null;
      return code.replaceAll('import.meta.url', `new URL('../${path}', import.meta.url).href`);
    },
  };
}

/** The commit of the sources, where they are a clone: `--version` says it. */
function ownCommit(root: string, compiled: string): Plugin {
  const git = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  const commit = git.status === 0 ? git.stdout.trim() : '';
  return {
    name: 'own-commit',
    transform: (code, id) =>
      relative(compiled, id).replaceAll('\\', '/') === 'cli/version.js' ? code.replace('@COMMIT@', commit) : null,
  };
}

/** The folder of the package that a module is of. */
function packageOf(id: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0];
}

/** The licences of what is in the bundle: most ask for being handed on. */
function notices(modules: readonly string[]): string {
  const folders = [...new Set(modules.flatMap((id) => packageOf(id) ?? []))];
  const texts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    const file = readdirSync(folder).find((entry) => /^licen[cs]e(?:[.-]|$)/i.test(entry));
    const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    return `${name} ${version}: ${license ?? 'see below'}\n${text}`;
  });
  return texts.sort().join(`\n${'-'.repeat(80)}\n\n`);
}

/** Makes the folder, of the same bytes for the same sources and packages. */
export async function makeBundle({ root, compiled, folder }: BundleOptions): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await using bundle = await rolldown({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(compiled, `${name}.js`)])),
    platform: 'node',
    plugins: [ownAddresses(compiled), ownCommit(root, compiled)],
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    comments: false,
  });
  for (const room of ['executor', 'owner']) {
    cpSync(join(root, room, 'templates'), join(folder, room, 'templates'), { recursive: true });
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const description = { name: 'pullthrough', version, license: 'Apache-2.0', private: true, type: 'module' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(join(folder, 'NOTICES.txt'), notices(modules));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const compiled = join(root, 'dist');
  const folder = resolve(process.argv[2] ?? join(root, 'bundle'));
  // A folder that is something else is not removed.
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'NOTICES.txt'))) {
    throw new Error(`${folder} is there already and is not a bundle`);
  }
  await makeBundle({ root, compiled, folder });
}
