import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** By the XDG base directory specification: a variable that isn't an absolute path is ignored. */
function xdg(env: NodeJS.ProcessEnv, variable: string, fallback: readonly string[]): string {
  const base = env[variable];
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ...fallback), 'pullthrough');
}

/** Where what was seen is remembered: `$XDG_STATE_HOME/pullthrough`, by default `~/.local/state/pullthrough`. */
export function stateDirectory(env: NodeJS.ProcessEnv): string {
  return xdg(env, 'XDG_STATE_HOME', ['.local', 'state']);
}

/** What can be made again: `$XDG_CACHE_HOME/pullthrough`, by default `~/.cache/pullthrough`. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  return xdg(env, 'XDG_CACHE_HOME', ['.cache']);
}
