import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { hasProgram } from './programs.ts';

const MODULE = 'github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3';
/** Building it takes minutes. */
const PATIENCE_MS = 20 * 60_000;

/**
 * cosign's path: from PATH, else from where go installs programs, else built there from Go's module proxy. Undefined where
 * none of that is possible; then the command that installs it is said.
 */
export function cosignProgram(): string | undefined {
  if (hasProgram('cosign')) return 'cosign';
  if (hasProgram('go')) {
    try {
      const folder = execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim();
      const program = join(folder, 'bin', 'cosign');
      if (!runs(program)) {
        console.warn(`Building cosign: go install ${MODULE}`);
        execFileSync('go', ['install', MODULE], { stdio: ['ignore', 'ignore', 'inherit'], timeout: PATIENCE_MS });
      }
      if (runs(program)) return program;
    } catch (error) {
      console.warn(`That failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.warn(`cosign is not here, and is not tested: go install ${MODULE}`);
  return undefined;
}

function runs(program: string): boolean {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
