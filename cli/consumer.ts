import type { Handlers } from './context.ts';

export const handlers: Handlers<'consumer'> = {
  completion: async ([shell = ''], _, { output }) => {
    const { completionScript } = await import('./completion/index.ts');
    output.raw(completionScript(shell));
  },
};
