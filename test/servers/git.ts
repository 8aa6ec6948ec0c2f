import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

export interface GitRequest {
  /** The path of the repository below the root, as `owner/repo.git`. */
  readonly repository: string;
  /** Is it a push? */
  readonly write: boolean;
  /** The password of Basic authentication. */
  readonly password: string | undefined;
}

export interface GitHandlerOptions {
  /** The folder that the bare repositories lie in. */
  readonly root: string;
  /** Every request needs this as its password. */
  readonly token?: string | undefined;
  /** Decides instead of `token`: a status to refuse with (401, 403, 404), or the repository's folder. */
  readonly authorize?: (request: GitRequest) => number | string;
  /** Git configuration of the server's side, over partial clones being allowed. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** 0: the server speaks git's first protocol alone. */
  readonly protocol?: 0 | 2 | undefined;
}

const PARTIAL_CLONES = {
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'safe.directory': '*',
};

const SERVICES = /^(\/.+?\.git)\/(info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/.*)$/;

/** Is this a request for {@link createGitHandler}? */
export function isGitRequest(url: string): boolean {
  return SERVICES.test(new URL(url, 'http://localhost').pathname);
}

/** Git's own smart HTTP server, `git http-backend`, as a handler for node:http; partial clones are allowed. */
export function createGitHandler(
  options: GitHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const match = SERVICES.exec(decodeURIComponent(url.pathname));
    if (match === null || url.pathname.includes('..')) {
      response.writeHead(404).end();
      return;
    }
    const [, path = '', service = ''] = match;
    const write = service === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack';
    const asked = { repository: path.slice(1), write, password: passwordOf(request.headers.authorization) };
    const verdict = (options.authorize ?? authorizeBy(options))(asked);
    if (typeof verdict === 'number') {
      const headers: Record<string, string> = verdict === 401 ? { 'www-authenticate': 'Basic realm="git"' } : {};
      response.writeHead(verdict, { 'content-type': 'text/plain', ...headers }).end(`${String(verdict)}\n`);
      return;
    }
    const translated = `${verdict}/${service}`;
    runBackend(request, response, { translated, pathInfo: `${path}/${service}`, url, options });
  };
}

function authorizeBy({ root, token }: GitHandlerOptions): (request: GitRequest) => number | string {
  return ({ repository, password }) =>
    token !== undefined && !same(password ?? '', token) ? 401 : `${root}/${repository}`;
}

function runBackend(
  request: IncomingMessage,
  response: ServerResponse,
  {
    translated,
    pathInfo,
    url,
    options,
  }: { translated: string; pathInfo: string; url: URL; options: GitHandlerOptions },
): void {
  const config = Object.entries({ ...PARTIAL_CLONES, ...options.config });
  const entries = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_TRANSLATED: translated,
      PATH_INFO: pathInfo,
      REQUEST_METHOD: request.method,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: options.protocol === 0 ? '' : String(request.headers['git-protocol'] ?? ''),
      // With a user's name http-backend takes pushes.
      REMOTE_USER: 'somebody',
      REMOTE_ADDR: request.socket.remoteAddress ?? '127.0.0.1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_COUNT: String(config.length),
      ...(Object.fromEntries(entries) as Record<string, string>),
    },
  });
  // Who leaves early breaks these pipes; the backend's end is what counts.
  pipeline(request, backend.stdin, () => undefined);
  response.on('close', () => backend.kill());
  backend.on('error', () => response.destroy());
  answerWith(backend.stdout, response);
}

/** Splits what a CGI program writes into status, headers and body. */
function answerWith(output: NodeJS.ReadableStream & AsyncIterable<Buffer>, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    output.removeListener('data', onData);
    output.pause();
    let status = 200;
    for (const line of head.subarray(0, end).toString('latin1').split('\r\n')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'status') status = parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on('data', onData);
  output.on('end', () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
}

/** The password of Basic authentication, which is where git puts a token. */
export function passwordOf(authorization: string | undefined): string | undefined {
  const match = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization ?? '');
  if (match?.[1] === undefined) return undefined;
  const pair = Buffer.from(match[1], 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
