import { ensurePackslip } from './servers/packslip.ts';
import { ensurePrograms, testPrograms } from './servers/programs.ts';

/** Installs the servers and programs that the acceptance tests run, as root on Debian; elsewhere says the command. */
export default function setup(): void {
  ensurePrograms(testPrograms());
  ensurePackslip();
}
