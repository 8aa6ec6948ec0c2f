import type { Handlers } from '../wiring/command-context.ts';

export const handlers: Handlers<'executor'> = {
  init: async (...call) => (await import('./executor/init.ts')).init(...call),
  add: async (...call) => (await import('./executor/add.ts')).addCommand(...call),
  plan: async (...call) => (await import('./executor/mirror.ts')).planCommand(...call),
  mirror: async (...call) => (await import('./executor/mirror.ts')).mirrorCommand(...call),
  import: async (...call) => (await import('./executor/import.ts')).importCommand(...call),
  watch: async (...call) => (await import('./executor/watch.ts')).watchCommand(...call),
  'store check': async (...call) => (await import('./executor/store.ts')).storeCheck(...call),
  'store copy': async (...call) => (await import('./executor/store-copy.ts')).storeCopy(...call),
  'store gc': async (...call) => (await import('./executor/store.ts')).storeGc(...call),
};
