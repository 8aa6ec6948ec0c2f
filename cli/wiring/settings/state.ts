import { resolve } from 'node:path';
import { stateDirectory } from '../../../io/files/folders.ts';
import type { ConfigFlags } from './config.ts';
import type { CommandContext } from '../command-context.ts';

/** The folder of `--state`, or the user's. */
export function stateOf({ state }: ConfigFlags, { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>): string {
  return state === undefined ? stateDirectory(env) : resolve(cwd, state);
}
