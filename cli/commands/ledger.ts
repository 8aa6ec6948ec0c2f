import type { Handlers } from '../wiring/command-context.ts';

/** Each command loads what it uses: the gate needs no API, a key no git. */
export const handlers: Handlers<'ledger'> = {
  'ledger init': async (...call) => (await import('./ledger/init.ts')).ledgerInit(...call),
  'ledger check': async (...call) => (await import('./ledger/check.ts')).ledgerCheck(...call),
  'ledger merge': async (...call) => (await import('./ledger/changes.ts')).ledgerMerge(...call),
  'ledger close': async (...call) => (await import('./ledger/changes.ts')).ledgerClose(...call),
  'ledger reopen': async (...call) => (await import('./ledger/changes.ts')).ledgerReopen(...call),
  'ledger status': async (...call) => (await import('./ledger/status.ts')).ledgerStatusCommand(...call),
  'ledger feed': async (...call) => (await import('./ledger/feed.ts')).ledgerFeed(...call),
  'bundle create': async (...call) => (await import('./ledger/bundle.ts')).bundleCreate(...call),
  'bundle check': async (...call) => (await import('./ledger/bundle.ts')).bundleCheck(...call),
  'bundle apply': async (...call) => (await import('./ledger/bundle.ts')).bundleApply(...call),
  'trust show': async (...call) => (await import('./ledger/trust.ts')).trustShow(...call),
  'trust propose': async (...call) => (await import('./ledger/trust.ts')).trustPropose(...call),
  'trust sign': async (...call) => (await import('./ledger/trust.ts')).trustSign(...call),
  'key new': async (...call) => (await import('./ledger/key.ts')).keyNew(...call),
  'key show': async (...call) => (await import('./ledger/key.ts')).keyShow(...call),
};
