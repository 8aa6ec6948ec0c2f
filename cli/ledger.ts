import type { Handlers } from './context.ts';
import { ledgerClose, ledgerMerge } from './ledger-changes.ts';
import { ledgerCheck } from './ledger-check.ts';
import { ledgerInit } from './ledger-init.ts';
import { trustPropose, trustShow, trustSign } from './trust.ts';

export const handlers: Handlers<'ledger'> = {
  'ledger init': ledgerInit,
  'ledger check': ledgerCheck,
  'ledger merge': ledgerMerge,
  'ledger close': ledgerClose,
  'trust show': trustShow,
  'trust propose': trustPropose,
  'trust sign': trustSign,
};
