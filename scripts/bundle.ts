// Makes the bundle that the package is, that the action runs and that a release has as a file: the program, the library's
// entries and all that they need, for node alone, in one folder.
//   node dist/scripts/bundle.js [FOLDER]     default: ./bundle
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';
import { writeDeclarations } from './bundle/declarations.ts';
import { notices } from './bundle/notices.ts';
import { oneByteText } from './bundle/one-byte-text.ts';
import { bundledPackages, packageFolder } from './bundle/packages.ts';
import { sbom } from './bundle/sbom.ts';

export interface BundleOptions {
  /** The project's folder. */
  readonly root: string;
  /** Where its compiled modules are: `dist`. */
  readonly compiled: string;
  /** Made again at each call. */
  readonly folder: string;
}

/** What node starts by itself; a worker is a program of its own. */
const PROGRAMS = ['action/main', 'cli/main', 'consumer/site/releases/release-worker'];
/** What others import: package.json's `exports` name them. Their types lie beside them. */
export const LIBRARY = ['consumer/index', 'ledger-schema/index'];
export const ENTRIES = [...PROGRAMS, ...LIBRARY];

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

/** What pages of a site load in a browser; `verify` comes when it is needed. */
const BROWSER = ['check', 'verify'];

/** The program for browsers, small, in a folder of its own. */
async function bundleForBrowsers(compiled: string, folder: string) {
  await using bundle = await rolldown({
    input: Object.fromEntries(BROWSER.map((name) => [name, join(compiled, 'consumer/site/browser', `${name}.js`)])),
    platform: 'browser',
  });
  const { output } = await bundle.write({
    dir: join(folder, 'consumer/site/assets'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    minify: true,
    comments: false,
  });
  return output.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []));
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

/** Into `found`: the folders of the packages that the project's own modules import. */
function directPackages(found: Set<string>): Plugin {
  return {
    name: 'direct-packages',
    buildEnd() {
      for (const id of this.getModuleIds()) {
        if (packageFolder(id) !== undefined) continue;
        const { importedIds = [], dynamicallyImportedIds = [] } = this.getModuleInfo(id) ?? {};
        for (const imported of [...importedIds, ...dynamicallyImportedIds]) {
          const folder = packageFolder(imported);
          if (folder !== undefined) found.add(folder);
        }
      }
    },
  };
}

/** Makes the folder, without types; the same sources and packages give the same bytes. */
export async function makeBundle({ root, compiled, folder }: BundleOptions): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const direct = new Set<string>();
  await using bundle = await rolldown({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(compiled, `${name}.js`)])),
    platform: 'node',
    plugins: [ownAddresses(compiled), ownCommit(root, compiled), directPackages(direct), oneByteText()],
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
  const modules = output.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []));
  modules.push(...(await bundleForBrowsers(compiled, folder)));
  // A module that is only a way to another leaves no code in the bundle.
  const packages = bundledPackages(modules.flatMap(([id, { code }]) => ((code ?? '') === '' ? [] : id)));
  writeFileSync(join(folder, 'NOTICES.txt'), notices(packages));
  writeFileSync(join(folder, 'sbom.cdx.json'), sbom(root, packages, [...direct]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
  const compiled = join(root, 'dist');
  const folder = resolve(process.argv[2] ?? join(root, 'bundle'));
  // A folder that isn't a bundle is not removed.
  if (existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(join(folder, 'NOTICES.txt'))) {
    throw new Error(`${folder} is there already and is not a bundle`);
  }
  await makeBundle({ root, compiled, folder });
  writeDeclarations(LIBRARY, compiled, folder);
}
