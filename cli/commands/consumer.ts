import type { Handlers } from '../wiring/command-context.ts';

export const handlers: Handlers<'consumer'> = {
  verify: async (...call) => (await import('./consumer/verify.ts')).verify(...call),
  get: async (args, options, context) =>
    options.locked === true
      ? (await import('./consumer/get-locked.ts')).getLocked(args, options, context)
      : (await import('./consumer/get.ts')).get(args, options, context),
  lock: async (...call) => (await import('./consumer/lock.ts')).lock(...call),
  request: async (...call) => (await import('./consumer/request.ts')).requestCommand(...call),
  list: async (...call) => (await import('./consumer/browse.ts')).list(...call),
  search: async (...call) => (await import('./consumer/browse.ts')).search(...call),
  outdated: async (...call) => (await import('./consumer/browse.ts')).outdated(...call),
  audit: async (...call) => (await import('./consumer/audit.ts')).audit(...call),
  doctor: async (...call) => (await import('./consumer/doctor.ts')).doctor(...call),
  serve: async (...call) => (await import('./consumer/serve.ts')).serve(...call),
  site: async (...call) => (await import('./consumer/site.ts')).site(...call),
  completion: async ([shell = ''], _, { output }) => {
    const { completionScript } = await import('../completion/index.ts');
    const script = completionScript(shell);
    output.results({ shell, script });
    output.raw(script);
  },
};
