import { resolve } from 'node:path';
import type { Gateway } from '../../../consumer/serve/serve.ts';
import { fail } from '../../../ledger-schema/error.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { consumerOptions } from '../../wiring/settings/consumer-options.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { requireSafeUrl } from '../../../io/http/url.ts';

type Options = ValuesOf<'consumer', 'serve'>;

/** `serve`: until a signal asks it to stop. */
export const serve: Handler<Options> = async (_, options, context) => {
  const listen = parseListen(options.listen ?? '127.0.0.1:8080');
  const reached = options['base-url'] ?? options['public-url'];
  const baseUrl = reached === undefined ? undefined : parseBaseUrl(reached);
  const cacheBytes = options['cache-size'] === undefined ? undefined : parseSize(options['cache-size']);
  const consumer = await consumerOptions(options, context, { bytes: true });
  const { openGateway } = await import('../../../consumer/serve/gateway.ts');
  const { output, signal } = context;
  const { aliases } = (await loadConfig(options, context.cwd)).gateway;
  const opening = openGateway(consumer, {
    listen,
    baseUrl,
    cacheBytes,
    cacheDir: cacheFolder(options, context),
    aliases,
    links: options.links,
    log: options.log && { format: options.log, write: (line) => void process.stderr.write(`${line}\n`) },
  });
  const gateway = await Promise.race([opening, stopped(signal).then(() => undefined)]);
  if (gateway === undefined) return abandon(opening, signal);
  output.results({ url: gateway.url });
  output.note(`serving acknowledged files at ${gateway.url}`);
  await stopped(signal);
  output.note('stopping: what is being sent is sent to its end');
  await gateway.stop();
};

/** Being interrupted before it could serve is a failure, as with any other command. */
function abandon(opening: Promise<Gateway>, signal: AbortSignal): never {
  opening.then((gateway) => gateway.stop()).catch(() => undefined);
  signal.throwIfAborted();
  return fail('E_INTERNAL', 'the gateway ended without a reason');
}

function cacheFolder(options: Options, { cwd }: CommandContext): string | undefined {
  return options.cache === undefined ? undefined : resolve(cwd, options.cache);
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** `HOST:PORT`, `[::1]:8080` or `:8080` for every address. Throws `E_USAGE`. */
function parseListen(text: string): { host: string; port: number } {
  const [, v6, host, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    fail('E_USAGE', `--listen: ${text} is not HOST:PORT`, { hint: 'write 127.0.0.1:8080, [::1]:8080 or :8080' });
  }
  return { host: v6 ?? (host === undefined || host === '' ? '::' : host), port: Number(port) };
}

/** `500M`, `20G`: bytes, by powers of 1024. Throws `E_USAGE`. */
function parseSize(text: string): number {
  const [, digits, unit = ''] = /^([1-9][0-9]{0,8})([KMGT]?)$/i.exec(text) ?? [];
  if (digits === undefined) fail('E_USAGE', `--cache-size: ${text} is not a size`, { hint: 'write 500M or 20G' });
  return Number(digits) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
}

function parseBaseUrl(text: string): string {
  const url = requireUrl(text);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    fail('E_USAGE', `--base-url: ${text} has more than a scheme and a host`, { hint: 'write https://mirror.example' });
  }
  return url.origin;
}

function requireUrl(text: string): URL {
  try {
    return requireSafeUrl(text);
  } catch (cause) {
    return fail('E_USAGE', `--base-url: ${text} is not an https URL`, { hint: 'write https://mirror.example', cause });
  }
}
