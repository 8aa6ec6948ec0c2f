import { expect, it, vi } from 'vitest';
import { gitEnvironment } from '../../ledger/git/process/git-environment.ts';
import { runGit } from '../../ledger/git/process/git.ts';
import { temporary } from '../kit/ledger/git-fixture.ts';

it('does not wait by the clock for a git that has ended without a word', async () => {
  const directory = temporary();
  const env = gitEnvironment({ env: process.env });
  const args = ['init', '--quiet', '--bare', '.'];
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    const { exitCode, stdout, stderr } = await runGit({ directory, env, args });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  } finally {
    vi.useRealTimers();
  }
});
