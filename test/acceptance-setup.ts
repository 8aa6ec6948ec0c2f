import { KEPT_PROGRAMS, keptProgram } from './servers/kept-programs.ts';
import { ensurePackslip } from './servers/packslip.ts';
import { ensurePrograms, testPrograms } from './servers/programs.ts';

/** Installs the servers and programs that the acceptance tests run, as root on Debian; elsewhere says the command. */
export default function setup(): void {
  ensurePrograms(testPrograms());
  // Here and not in two tests at once.
  for (const program of KEPT_PROGRAMS) keptProgram(program);
  ensurePackslip();
}
