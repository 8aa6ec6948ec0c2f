import type { Environment } from './environment.ts';
import { fail } from '../ledger-schema/error.ts';
import { isLoopback } from './http/url.ts';

const VARIABLE = 'PULLTHROUGH_TOKEN_HOSTS';
const GITHUB = ['github.com', 'api.github.com', 'uploads.github.com'];
/** A host's name or address, with a port or without. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;

/** A token as it may go to one host. */
export interface HostToken {
  /** Undefined where none is set, or where it may not go there. */
  readonly token: string | undefined;
  /** Where it is set and may not go there: what to do about it. */
  readonly withheld?: string;
}

/**
 * A token from the environment for a URL. LEDGER_TOKEN, GITHUB_TOKEN and those that a tool.ini names go to hosts that
 * the environment allows and to no other, whatever a checkout's mirror.ini or tool.ini says: GitHub's own, the server
 * that Actions names, this machine, and the hosts of PULLTHROUGH_TOKEN_HOSTS. Throws `E_CONFIG` for one that is not a
 * host.
 */
export function tokenForHost(env: Environment, name: string, token: string | undefined, url: string): HostToken {
  if (token === undefined || token === '') return { token: undefined };
  const target = URL.canParse(url) ? new URL(url) : undefined;
  // No token goes to what isn't HTTP.
  if (target === undefined || !/^https?:$/.test(target.protocol) || mayHaveToken(env, target)) return { token };
  return {
    token: undefined,
    withheld: `${name} is not sent to ${target.host}: if it is for that host, set ${VARIABLE} to ${target.host}`,
  };
}

function mayHaveToken(env: Environment, { host, hostname }: URL): boolean {
  if (isLoopback(hostname) || GITHUB.includes(host)) return true;
  return [...ofActions(env), ...configured(env)].some((one) => one === host || one === hostname);
}

/** The server that runs the workflow, as the runner names it. */
function ofActions(env: Environment): string[] {
  if (env['GITHUB_ACTIONS'] !== 'true') return [];
  const urls = [env['GITHUB_SERVER_URL'], env['GITHUB_API_URL']];
  return urls.flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).host] : []));
}

function configured(env: Environment): string[] {
  const hosts = (env[VARIABLE] ?? '').split(',').map((host) => host.trim().toLowerCase());
  return hosts.filter((host) => {
    if (host !== '' && !HOST.test(host)) {
      fail('E_CONFIG', `${VARIABLE} holds something that is not a host`, {
        hint: 'write hosts without scheme and path, separated by commas: ghe.acme.example,git.acme.example:8443',
      });
    }
    return host !== '';
  });
}
