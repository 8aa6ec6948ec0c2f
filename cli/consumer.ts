import type { Handlers } from './context.ts';

export const handlers: Handlers<'consumer'> = {
  verify: async (...call) => (await import('./verify.ts')).verify(...call),
  get: async (...call) => (await import('./get.ts')).get(...call),
  lock: async (...call) => (await import('./lock.ts')).lock(...call),
  completion: async ([shell = ''], _, { output }) => {
    const { completionScript } = await import('./completion/index.ts');
    output.raw(completionScript(shell));
  },
};
