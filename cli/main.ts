#!/usr/bin/env node
import { VERSION, versionText } from './version.ts';

// Scripts ask for the version often, so it costs little more than node's own start: everything else is loaded after.
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that went away is not a failure, as in every other command.
    if (error.code === 'EPIPE') return;
    process.exitCode = 1;
    process.stderr.write(`error: the result cannot be written: ${error.message} [E_IO]\n`);
  });
  process.stdout.write(`${argv[0] === '-V' ? VERSION : versionText()}\n`);
} else if (argv[0] === '__names') {
  const { printNames } = await import('./completion/print.ts');
  await printNames(argv.slice(1));
} else {
  const { main } = await import('./wiring/main-process.ts');
  await main(argv);
}
