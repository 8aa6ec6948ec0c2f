import { connect } from 'node:net';
import type { Environment } from '../../io/environment.ts';
import { systemCode } from '../../io/io-error.ts';
import { ok, bad, warn } from './check.ts';
import type { Check } from './check.ts';

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'] as const;
/** Milliseconds for a proxy to take a connection. */
const CONNECT_MS = 10_000;

/**
 * The proxies that the environment names; unless `offline`, does each of them take a connection? Nothing is sent to
 * one, and a user and password in its address are never shown.
 */
export async function checkProxies(env: Environment, offline = false): Promise<Check[]> {
  const lines = PROXIES.flatMap((name) => {
    const used = env[name.toLowerCase()] ? name.toLowerCase() : name;
    const value = env[used];
    return value === undefined || value === '' ? [] : [checkProxy(used, value, offline)];
  });
  return lines.length > 0 ? Promise.all(lines) : [ok('proxy', 'none is set: every host is asked directly')];
}

async function checkProxy(name: string, value: string, offline: boolean): Promise<Check> {
  const upper = name.toUpperCase();
  if (upper === 'NO_PROXY') {
    const count = value.split(/[\s,]+/).filter((part) => part !== '').length;
    return ok(name, `${count} ${count === 1 ? 'name' : 'names'} asked directly`);
  }
  if (upper === 'ALL_PROXY') {
    return warn(name, 'it is not used here', 'set HTTPS_PROXY, and HTTP_PROXY, to the same address');
  }
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return bad(name, 'it is not a URL', `set ${name} to http://HOST:PORT`);
  if (!/^https?:$/.test(url.protocol)) {
    return bad(name, `${url.protocol}// proxies are not supported`, `set ${name} to http://HOST:PORT`);
  }
  const address = `${url.protocol}//${url.host}`;
  const problem = offline ? undefined : await connectionProblem(url);
  if (problem !== undefined) {
    return bad(name, `${address} does not answer (${problem})`, `start that proxy, or set ${name} to the right one`);
  }
  return ok(name, `${address}${url.username === '' ? '' : ', with a user and password'}`);
}

/** The system's code of what went wrong. */
async function connectionProblem({ protocol, hostname, port }: URL): Promise<string | undefined> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const usual = protocol === 'https:' ? 443 : 80;
  const socket = connect({ host, port: port === '' ? usual : Number(port) });
  try {
    return await new Promise<string | undefined>((resolve) => {
      socket.setTimeout(CONNECT_MS, () => resolve('ETIMEDOUT'));
      socket.once('connect', () => resolve(undefined));
      socket.once('error', (error) => resolve(systemCode(error) ?? error.name));
    });
  } finally {
    socket.destroy();
  }
}
