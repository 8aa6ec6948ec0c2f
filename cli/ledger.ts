import type { Handlers } from './context.ts';

export const handlers: Handlers<'ledger'> = {};
