import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERSION } from '../../cli/version.ts';

/** A script that runs the program in a process of its own. */
export function coldProgram(folder: string, main: string): string {
  const program = join(folder, 'pullthrough-cold');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

/** What stands in a PATH for programs that would come from the registry. */
export interface Shims {
  /** The folder for PATH. */
  readonly bin: string;
}

/**
 * `npm install --global pullthrough@VERSION` puts this project's program into the folder, `npx pullthrough` runs it, and
 * any other version is refused; `program` is the script that stands for it. Everything else npm itself does.
 */
export function makeShims(folder: string, program: string): Shims {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const write = (path: string, ...lines: string[]): void => {
    writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(path, 0o755);
  };
  const known = `pullthrough|pullthrough@${VERSION}`;
  write(
    join(bin, 'npm'),
    'if [ "$1" = install ]; then',
    '  for word; do last=$word; done',
    '  case "$last" in',
    `    ${known}) exec ln -sf '${program}' '${bin}/pullthrough' ;;`,
    '    *) echo "the registry has no $last" >&2; exit 1 ;;',
    '  esac',
    'fi',
    `exec '${join(dirname(process.execPath), 'npm')}' "$@"`,
  );
  write(
    join(bin, 'npx'),
    'while :; do case "$1" in --*) shift ;; *) break ;; esac; done',
    'package=$1; shift',
    'case "$package" in',
    `  ${known}) exec '${program}' "$@" ;;`,
    '  *) echo "the registry has no $package" >&2; exit 1 ;;',
    'esac',
  );
  return { bin };
}
