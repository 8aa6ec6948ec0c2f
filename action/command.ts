import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The program in the bundle, and the node that runs it: the runner's own, so that later steps need none. */
export interface Program {
  readonly node: string;
  readonly main: string;
}

/** For sh, and for Git's bash on Windows. */
function shellScript({ node, main }: Program): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '/').replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh\nexec ${quote(node)} ${quote(main)} "$@"\n`;
}

/** For cmd and PowerShell. */
function cmdScript({ node, main }: Program): string {
  const quote = (text: string): string => `"${text.replaceAll('%', '%%')}"`;
  return `@${quote(node)} ${quote(main)} %*\r\n`;
}

/** Makes a folder with the command `pullthrough` in it, for the rest of the job; gives its path. */
export function writeCommand(program: Program, platform: NodeJS.Platform = process.platform): string {
  const folder = join(mkdtempSync(join(process.env['RUNNER_TEMP'] || tmpdir(), 'pullthrough-')), 'bin');
  mkdirSync(folder);
  const windows = platform === 'win32';
  const script = shellScript(program);
  writeFileSync(join(folder, 'pullthrough'), script);
  chmodSync(join(folder, 'pullthrough'), 0o755);
  if (windows) writeFileSync(join(folder, 'pullthrough.cmd'), cmdScript(program));
  return folder;
}
