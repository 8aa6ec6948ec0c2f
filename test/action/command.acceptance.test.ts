import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeCommand } from '../../action/command.ts';
import { temporaryFolder } from './runner.ts';

test('the command works where its folders have spaces and quotes, and hands its arguments over', () => {
  const folder = join(temporaryFolder(), "a 'strange' $(place)");
  mkdirSync(folder);
  const node = join(folder, 'node');
  symlinkSync(process.execPath, node);
  writeFileSync(join(folder, 'main.cjs'), 'console.log(JSON.stringify(process.argv.slice(2)))');
  const made = writeCommand({ node, main: join(folder, 'main.cjs') }, 'linux');
  const args = ['a b', "c'd", '$HOME', ''];
  const printed = execFileSync('pullthrough', args, { env: { PATH: made }, encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual(args);
});

test('on Windows there is one for cmd beside the one for bash', () => {
  const program = { node: 'C:\\100%\\node.exe', main: 'D:\\a b\\main.js' };
  const made = writeCommand(program, 'win32');
  expect(readFileSync(join(made, 'pullthrough.cmd'), 'utf8')).toBe('@"C:\\100%%\\node.exe" "D:\\a b\\main.js" %*\r\n');
  expect(readFileSync(join(made, 'pullthrough'), 'utf8')).toContain("exec 'C:/100%/node.exe' 'D:/a b/main.js' \"$@\"");
});
