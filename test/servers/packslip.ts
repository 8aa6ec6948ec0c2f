import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from './programs.ts';

/** The judge of stamps: packslip's own program, by cargo. */
const CRATE = ['packslip', '--locked', '--version', '1.11.3'];
const inCargo = join(homedir(), '.cargo', 'bin', 'packslip');

/** Where packslip is; undefined where it isn't installed. */
export function packslipProgram(): string | undefined {
  if (hasProgram('packslip')) return 'packslip';
  return existsSync(inCargo) ? inCargo : undefined;
}

/** Installs it once, where there is cargo; cargo keeps it. Elsewhere says the command. */
export function ensurePackslip(): void {
  if (packslipProgram() !== undefined) return;
  const cargo = hasProgram('cargo') ? 'cargo' : join(homedir(), '.cargo', 'bin', 'cargo');
  const command = `cargo install ${CRATE.join(' ')}`;
  if (cargo !== 'cargo' && !existsSync(cargo)) {
    console.warn(`packslip is not here, and its tests are skipped; ${command}\n`);
    return;
  }
  console.warn(`Installing what is needed: ${command} (some minutes, once)\n`);
  try {
    execFileSync(cargo, ['install', ...CRATE], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    console.warn(`That failed (${error instanceof Error ? error.message : String(error)}); ${command}`);
  }
}

export interface Judged {
  readonly code: number | null;
  readonly said: string;
}

/** Runs packslip, without a network of its own. */
export function packslip(args: readonly string[]): Judged {
  const program = packslipProgram() ?? 'packslip';
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return { code: status, said: `${stdout}${stderr}` };
}
