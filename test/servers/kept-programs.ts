import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Building one takes minutes. */
const PATIENCE_MS = 20 * 60_000;

/** Programs that registries of packages have, each of one version: installed once, and kept between runs. */
const KEPT = {
  aqua: { name: 'aqua-2.45.0', path: 'bin/aqua' },
  mise: { name: 'mise-2026.9.15', path: 'node_modules/@jdxcode/mise-linux-x64/bin/mise' },
  renovate: { name: 'renovate-39.264.1', path: 'node_modules/renovate/dist/modules/datasource/index.js' },
  ubi: { name: 'ubi-0.13.0', path: 'bin/ubi' },
  uv: { name: 'uv-0.13.9', path: 'bin/uv' },
} as const;

const npm = (home: string, name: string): readonly string[] => [
  'npm',
  'install',
  '--prefix',
  home,
  '--no-save',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  name,
];

export const KEPT_PROGRAMS = Object.keys(KEPT) as readonly (keyof typeof KEPT)[];

/** What installs it into a folder. */
const INSTALL: Readonly<Record<keyof typeof KEPT, (home: string) => readonly (readonly string[])[]>> = {
  // By a go.mod of ours, whose go.sum has every digest: the version is there, whatever the list of versions says.
  aqua: (home) => [
    ['go', 'build', '-C', 'test/servers/aqua', '-o', join(home, 'bin/aqua'), 'github.com/aquaproj/aqua/v2/cmd/aqua'],
  ],
  mise: (home) => [npm(home, '@jdxcode/mise-linux-x64@2026.9.15')],
  renovate: (home) => [npm(home, 'renovate@39.264.1')],
  ubi: (home) => [['cargo', 'install', 'ubi-cli', '--version', '0.13.0', '--locked', '--quiet', '--root', home]],
  uv: (home) => [
    ['python3', '-m', 'venv', home],
    [join(home, 'bin/pip'), 'install', '--quiet', 'uv==0.13.9'],
  ],
};

/** The path of such a program; undefined where it can't be had, which is then said. */
export function keptProgram(program: keyof typeof KEPT): string | undefined {
  const { name, path } = KEPT[program];
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const home = join(cache, 'pullthrough-tests', name);
  const found = join(home, path);
  if (existsSync(found)) return found;
  for (const [command = '', ...args] of INSTALL[program](home)) {
    try {
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: PATIENCE_MS });
    } catch (error) {
      console.warn(
        `${program} is not here, and is not tested: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  }
  return existsSync(found) ? found : undefined;
}
