#!/usr/bin/env node
import { VERSION, versionText } from './version.ts';

// Scripts ask for the version often, so it costs little more than node's own start: everything else is loaded after.
const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.on('error', () => (process.exitCode = 1));
  process.stdout.write(`${argv[0] === '-V' ? VERSION : versionText()}\n`);
} else if (argv[0] === '__names') {
  const { printNames } = await import('./completion/print.ts');
  await printNames(argv.slice(1));
} else {
  const { main } = await import('./wiring/main-process.ts');
  await main(argv);
}
