import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../cli/spec/index.ts';
import { completionScript } from '../../cli/completion/index.ts';
import { TestLedger } from '../kit/ledger/ledger-maker.ts';
import { hasProgram } from '../servers/programs.ts';

const PROGRAM = resolve('bundle/cli/main.js');

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

/** What zsh shows from a Tab on until it shows what is awaited, or never did. A terminal is needed: zsh's own zpty. */
async function afterTab(line: string, awaited: string, cwd = folder, env = process.env): Promise<string> {
  const script = `
    zmodload zsh/zpty
    zpty shell 'TERM=dumb zsh -f -i'
    zpty -w shell "PS1='' PS2=''; unset zle_bracketed_paste; cd ${cwd}; autoload -Uz compinit; compinit -u -D"
    zpty -w shell "source ${folder}/zsh; print REA''DY"
    zpty -r shell said '*READY*'
    zpty -w -n shell "$1"$'\\t'
    said=''
    for i in {1..100}; do
      sleep 0.2
      while zpty -r -t shell part; do said+=$part; done
      if [[ $said == *"$2"* ]]; then break; fi
      if ((i % 20 == 0)); then zpty -w -n shell $'\\t'; fi
    done
    print -r -- "$said"
    zpty -d shell`;
  const { stdout } = await promisify(execFile)('zsh', ['-f', '-c', script, 'zsh', line, awaited], { env });
  return stdout;
}

describe.skipIf(!hasProgram('zsh'))('zsh', () => {
  test('completes words, options and values', async () => {
    const lines: [string, string][] = [
      ['pullthrough mi', 'pullthrough mirror '],
      ['pullthrough store ch', 'pullthrough store check '],
      ['pullthrough mirror acme/tool --sh', 'pullthrough mirror acme/tool --shard '],
      ['pullthrough ledger check --require a', 'pullthrough ledger check --require acknowledged '],
      ['pullthrough completion f', 'pullthrough completion fish '],
      ['pullthrough mirror --', '--restock'],
    ];
    const seen = await Promise.all(lines.map(([line, said]) => afterTab(line, said)));
    lines.forEach(([line, said], i) => expect(seen[i], line).toContain(said));
  });
});

describe('names from what is cached here', () => {
  /** Tags as a hostile ledger may have them. */
  const HOSTILE = [
    'v1$(touch${IFS}pwned)',
    'v2`touch${IFS}pwned`',
    "v3';touch",
    'v4"x',
    'v5&x',
    'v\u202e6',
    'v7\u001b[2J',
  ];
  const env: NodeJS.ProcessEnv = {};
  let work: string;

  beforeAll(async () => {
    const ledger = await TestLedger.create();
    for (const tag of ['jq-1.7.1', 'jq-1.10', 'jq-1.9']) {
      await ledger.addRecord({
        repository: 'jqlang/jq',
        tag,
        assets: { 'jq-linux-arm64': 'a', 'jq-macos-arm64': 'b' },
      });
    }
    for (const tag of HOSTILE) await ledger.addRecord({ repository: 'evil/tool', tag, assets: { tool: 'a' } });
    await ledger.commit();
    work = mkdtempSync(join(tmpdir(), 'pullthrough-names-'));
    const bin = join(work, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'pullthrough'), `#!/bin/sh\nexec ${process.execPath} ${PROGRAM} "$@"\n`, { mode: 0o755 });
    const cache = { XDG_CACHE_HOME: join(work, 'cache'), XDG_STATE_HOME: join(work, 'state') };
    Object.assign(env, process.env, cache, { PATH: `${bin}:${process.env.PATH}`, HOME: work, XDG_CONFIG_HOME: work });
    const ini = `[ledger]\nrepository = ${ledger.directory}\n[trust]\npin = sha256:${ledger.pin()}\n`;
    writeFileSync(join(work, 'mirror.ini'), ini);
    for (const tool of ['acme/one', 'acme/two']) {
      mkdirSync(join(work, 'packages/github.com', tool), { recursive: true });
      writeFileSync(join(work, 'packages/github.com', tool, 'tool.ini'), '');
    }
    for (const args of [['list'], ['list', 'jqlang/jq'], ['list', 'evil/tool']]) {
      execFileSync('pullthrough', args, { cwd: work, env });
    }
    // From here on nobody could be asked.
    rmSync(ledger.directory, { recursive: true });
  });
  afterAll(() => {
    expect(existsSync(join(work, 'pwned'))).toBe(false);
    rmSync(work, { recursive: true, force: true });
  });

  const ASKED: readonly (readonly [line: string, offered: readonly string[]])[] = [
    ['pullthrough list jq', ['jqlang/jq']],
    ['pullthrough get jq', ['jqlang/jq@']],
    ['pullthrough get jqlang/jq@', ['latest', 'jq-1.10', 'jq-1.9', 'jq-1.7.1'].map((tag) => `jqlang/jq@${tag}`)],
    ['pullthrough nack jqlang/jq@jq-1.7', ['jqlang/jq@jq-1.7.1']],
    ['pullthrough get jqlang/jq@jq-1.9 jq-l', ['jq-linux-arm64']],
    ['pullthrough get jqlang/jq@jq-1.9 --platform ', ['auto', 'linux/arm64', 'darwin/arm64']],
    ['pullthrough get --platform win', ['windows/amd64', 'windows/arm64']],
    ['pullthrough mirror acme/', ['acme/one', 'acme/two']],
    ['pullthrough verify --config nowhere.ini jq', []],
  ];

  /** What bash would put into the line, as it would read it back. */
  function inBash(line: string): string[] {
    const script = `source ${folder}/bash
      line=$1; COMP_LINE=$line; COMP_POINT=\${#line}; eval "set -f; words=($2)"; COMP_WORDS=("\${words[@]}")
      COMP_CWORD=$((\${#words[@]} - 1)); _pullthrough; printf '%s\\n' "\${COMPREPLY[@]}"`;
    // Readline parts words at the characters of COMP_WORDBREAKS too.
    const parts = line.split(/ |(?<=@)|(?=@)/).map((word) => `'${word}'`);
    const said = execFileSync('bash', ['--norc', '-uc', script, 'bash', line, parts.join(' ')], { cwd: work, env });
    const lead = line.slice(line.lastIndexOf(' ') + 1).replace(/[^@]*$/, '');
    return said
      .toString()
      .split('\n')
      .flatMap((word) => (word === '' ? [] : [`${lead}${word}`]));
  }

  test.each(ASKED)('bash: %j', (line, offered) => {
    expect(inBash(line)).toEqual(offered);
  });

  test('bash quotes what a ledger could have a shell run, and shows nothing that a terminal would not', () => {
    const words = inBash('pullthrough get evil/tool@v');
    expect(words).toHaveLength(HOSTILE.length - 2);
    for (const word of words) {
      const read = execFileSync('bash', ['--norc', '-c', `printf %s ${word}`], { cwd: work, env }).toString();
      expect(HOSTILE.map((tag) => `evil/tool@${tag}`)).toContain(read);
    }
  });

  describe.skipIf(!hasProgram('fish'))('fish', () => {
    const inFish = (line: string): string[] => {
      const script = `source ${folder}/fish; complete -C ${JSON.stringify(line)}`;
      const said = execFileSync('fish', ['--no-config', '-c', script], { cwd: work, encoding: 'utf8', env });
      return said.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
    };
    test.each(ASKED)('%j', (line, offered) => {
      expect(inFish(line)).toEqual(offered);
    });
    test('runs nothing that a ledger names', () => {
      expect(inFish('pullthrough get evil/tool@v')).toHaveLength(HOSTILE.length - 2);
    });
  });

  test.skipIf(!hasProgram('zsh'))('zsh completes and quotes them', async () => {
    const asked: [string, string][] = [
      ['pullthrough list jq', 'pullthrough list jqlang/jq '],
      ['pullthrough get jq', 'pullthrough get jqlang/jq@'],
      ['pullthrough nack jqlang/jq@jq-1.7', 'pullthrough nack jqlang/jq@jq-1.7.1 '],
      ['pullthrough get evil/tool@v1', String.raw`pullthrough get evil/tool@v1\$\(touch\$\{IFS\}pwned\) `],
    ];
    const seen = await Promise.all(asked.map(([line, said]) => afterTab(line, said, work, env)));
    asked.forEach(([line, said], i) => expect(seen[i], line).toContain(said));
  });
});

test('another shell is E_USAGE', async () => {
  await expect(() => completionScript('tcsh')).toFailWith('E_USAGE');
});
