import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { atEndOfFile } from './end-of-file.ts';

const homes: string[] = [];

/** Ends the agents that were started, and removes their folders. */
export function removeGnupgs(): void {
  for (const home of homes.splice(0)) {
    execFileSync('gpgconf', ['--kill', 'all'], { env: envOf(home), stdio: 'ignore' });
    rmSync(home, { recursive: true, force: true });
  }
}

function envOf(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, GNUPGHOME: home, LC_ALL: 'C' };
}

export interface Gnupg {
  readonly env: NodeJS.ProcessEnv;
  run(args: readonly string[], input?: string | Uint8Array): Buffer;
  /** Makes a key and gives its fingerprint. */
  newKey(userId: string, algorithm: string, passphrase?: string): string;
  /** Appends to gpg.conf. */
  configure(lines: string): void;
}

/** A GnuPG of its own. Its folder is in /tmp whatever TMPDIR says: the agent's socket must have a short path. */
export function gnupg(pinentry?: { passphrase: string } | 'cancels'): Gnupg {
  const home = mkdtempSync('/tmp/pt-gpg-');
  chmodSync(home, 0o700);
  homes.push(home);
  atEndOfFile(removeGnupgs);
  // For a run that ends before its files do.
  appendFileSync(join(inject('runFolder'), 'gpg-homes'), `${home}\n`);
  // Without a count the agent measures how many rounds it can do in a tenth of a second, and a busy machine takes long.
  writeFileSync(join(home, 'gpg-agent.conf'), 's2k-count 65536\n');
  if (pinentry !== undefined) {
    const answer = pinentry === 'cancels' ? 'ERR 83886179 Operation cancelled' : `D ${pinentry.passphrase}\nOK`;
    const script = join(home, 'pinentry');
    writeFileSync(
      script,
      `#!/bin/sh\necho 'OK hello'\nwhile read -r line; do case "$line" in GETPIN*) echo '${answer}' ;; BYE) exit ;; *) echo OK ;; esac; done\n`,
    );
    chmodSync(script, 0o755);
    writeFileSync(join(home, 'gpg-agent.conf'), `pinentry-program ${script}\n`, { flag: 'a' });
  }
  const env = envOf(home);
  const run = (args: readonly string[], input?: string | Uint8Array): Buffer =>
    execFileSync('gpg', ['--batch', '--quiet', ...args], { env, input, stdio: ['pipe', 'pipe', 'pipe'] });
  return {
    env,
    run,
    newKey: (userId, algorithm, passphrase = '') => {
      const loopback = ['--pinentry-mode', 'loopback', '--passphrase', passphrase];
      run([...loopback, '--quick-generate-key', userId, algorithm, 'sign,cert', 'never']);
      const listed = run(['--with-colons', '--list-keys', '--', `=${userId}`]).toString();
      return /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
    },
    configure: (lines) => writeFileSync(join(home, 'gpg.conf'), lines, { flag: 'a' }),
  };
}
