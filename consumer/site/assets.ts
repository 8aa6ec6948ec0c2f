import { readFileSync, readdirSync } from 'node:fs';
import { ICON, STYLE } from '../pages/style.ts';
import type { SiteFile } from './model.ts';

/** The program for browsers, as `scripts/bundle.ts` makes it: beside this module in the bundle, or in the bundle beside `dist`. */
const PROGRAMS = ['./assets/', '../../bundle/consumer/site/assets/', '../../../bundle/consumer/site/assets/'];

/** Style, icon, and the program that checks a file in a browser; without a bundle there is none. */
export function assetFiles(): { readonly files: readonly SiteFile[]; readonly hasCheck: boolean } {
  const program = programFiles();
  return {
    files: [
      { path: 'style.css', content: STYLE },
      { path: 'icon.svg', content: ICON },
      // GitHub Pages would leave out what begins with a dot.
      { path: '.nojekyll', content: '' },
      ...(program ?? []),
    ],
    hasCheck: program !== undefined,
  };
}

function programFiles(): SiteFile[] | undefined {
  for (const folder of PROGRAMS) {
    try {
      const names = readdirSync(new URL(folder, import.meta.url)).filter((name) => name.endsWith('.js'));
      if (names.length > 0)
        return names
          .sort()
          .map((name) => ({ path: name, content: readFileSync(new URL(folder + name, import.meta.url)) }));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return undefined;
}
