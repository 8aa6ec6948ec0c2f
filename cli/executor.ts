import type { Handlers } from './context.ts';

export const handlers: Handlers<'executor'> = {
  plan: async (...call) => (await import('./mirror.ts')).planCommand(...call),
  mirror: async (...call) => (await import('./mirror.ts')).mirrorCommand(...call),
};
