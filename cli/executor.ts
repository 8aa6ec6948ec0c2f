import type { Handlers } from './context.ts';

export const handlers: Handlers<'executor'> = {
  init: async (...call) => (await import('./init.ts')).init(...call),
  add: async (...call) => (await import('./add.ts')).addCommand(...call),
  plan: async (...call) => (await import('./mirror.ts')).planCommand(...call),
  mirror: async (...call) => (await import('./mirror.ts')).mirrorCommand(...call),
  import: async (...call) => (await import('./import.ts')).importCommand(...call),
  watch: async (...call) => (await import('./watch.ts')).watchCommand(...call),
  'store check': async (...call) => (await import('./store.ts')).storeCheck(...call),
  'store gc': async (...call) => (await import('./store.ts')).storeGc(...call),
};
