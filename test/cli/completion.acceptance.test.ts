import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../cli/spec/index.ts';
import { completionScript } from '../../cli/completion/index.ts';
import { hasProgram } from '../servers/programs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pullthrough-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, shell), completionScript(shell));
  mkdirSync(join(folder, 'a folder'));
  writeFileSync(join(folder, 'a file.asc'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same questions for every shell: a line that ends where the cursor is, and what is offered. */
const QUESTIONS: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['pullthrough mi', ['mirror']],
  ['pullthrough l', ['ledger', 'list', 'lock']],
  ['pullthrough store ', ['check', 'copy', 'gc']],
  ['pullthrough ledger s', ['status']],
  ['pullthrough mirror --sh', ['--shard']],
  ['pullthrough mirror acme/tool --re', ['--requested', '--restock']],
  ['pullthrough --config x.ini plan --sh', ['--shard']],
  ['pullthrough ledger check --require ', ['acknowledged']],
  ['pullthrough completion z', ['zsh']],
  ['pullthrough --js', ['--json']],
  ['pullthrough mirror acme', []],
];

describe('bash', () => {
  function offered(line: string): string[] {
    const words = line.split(' ');
    const script = `source ${folder}/bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pullthrough
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = execFileSync('bash', ['--norc', '-uc', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' });
    return said.split('\n').filter((word) => word !== '');
  }

  test.each(QUESTIONS)('%j', (line, words) => {
    expect(offered(line).sort()).toEqual([...words].sort());
  });

  test('every command and every option is offered', () => {
    for (const { name, spec } of COMMANDS) {
      const words = name.split(' ');
      expect(offered(`pullthrough ${name}`), name).toContain(words.at(-1));
      expect(offered(`pullthrough ${name} --`), name).toEqual(
        expect.arrayContaining(Object.keys(spec.options).map((option) => `--${option}`)),
      );
    }
  });

  test('files and folders, with spaces in their names', () => {
    expect(offered('pullthrough key show a').sort()).toEqual(['a file.asc', 'a folder']);
    expect(offered('pullthrough get --output a')).toEqual(['a folder']);
  });

  test('is registered for the program', () => {
    const said = execFileSync('bash', ['--norc', '-c', `source ${folder}/bash; complete -p pullthrough`]);
    expect(said.toString()).toBe('complete -F _pullthrough pullthrough\n');
  });
});

// Debian and macOS have them; where a machine doesn't, vitest names the tests that were skipped.
describe.skipIf(!hasProgram('fish'))('fish', () => {
  function offered(line: string): string[] {
    const script = `source ${folder}/fish; complete -C ${JSON.stringify(line)}`;
    const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder };
    const said = execFileSync('fish', ['--no-config', '-c', script], { cwd: folder, encoding: 'utf8', env });
    return said.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
  }

  test.each(QUESTIONS)('%j', (line, words) => {
    expect(offered(line).sort()).toEqual([...words].sort());
  });

  test('files and folders', () => {
    expect(offered('pullthrough get --output a')).toEqual(['a folder/']);
    expect(offered('pullthrough key show a\\ fi')).toEqual(['a file.asc']);
  });
});

describe.skipIf(!hasProgram('zsh'))('zsh', () => {
  /** What the line is after a Tab, or what is listed below it. A terminal is needed: zsh's own zpty. */
  async function afterTab(line: string): Promise<string> {
    const script = `
      zmodload zsh/zpty
      zpty shell 'TERM=dumb zsh -f -i'
      zpty -w shell "PS1='' PS2=''; unset zle_bracketed_paste; cd ${folder}; autoload -Uz compinit; compinit -u -D"
      zpty -w shell "source ${folder}/zsh; print REA''DY"
      zpty -r shell said '*READY*'
      zpty -w -n shell "$1"$'\\t'
      sleep 1
      zpty -w -n shell $'\\t'
      sleep 1
      said=''
      while zpty -r -t shell part; do said+=$part; done
      print -r -- "$said"
      zpty -d shell`;
    const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', script, 'zsh', line], { timeout: 25_000 });
    return stdout;
  }

  test('completes words, options and values', async () => {
    const lines: [string, string][] = [
      ['pullthrough mi', 'pullthrough mirror '],
      ['pullthrough store ch', 'pullthrough store check '],
      ['pullthrough mirror acme/tool --sh', 'pullthrough mirror acme/tool --shard '],
      ['pullthrough ledger check --require a', 'pullthrough ledger check --require acknowledged '],
      ['pullthrough completion f', 'pullthrough completion fish '],
      ['pullthrough mirror --', '--restock'],
    ];
    const seen = await Promise.all(lines.map(([line]) => afterTab(line)));
    lines.forEach(([line, said], i) => expect(seen[i], line).toContain(said));
  });
});

test('another shell is E_USAGE', async () => {
  await expect(() => completionScript('tcsh')).toFailWith('E_USAGE');
});
