import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MockSigstore } from '../evidence/mock-sigstore.ts';

/** Fulcio, Rekor and the token service of Actions on loopback, in front of a mock of them. */
export interface SigstoreServer extends AsyncDisposable {
  readonly url: string;
  /** The paths that were asked for, in their order. */
  readonly asked: string[];
  /** What an Actions job with `id-token: write` has in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Answers of this path are this status from now on. */
  refuse(path: string, status: number): void;
}

const ENTRIES = '/api/v1/log/entries';
const BEARER = 'the-runner-s-secret';

/** A token as Actions signs them; nobody here verifies its signature. */
export function actionsToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'RS256', typ: 'JWT' }), part(claims), part('signature')].join('.');
}

export async function startSigstore(
  mock: MockSigstore,
  claims: Readonly<Record<string, unknown>>,
): Promise<SigstoreServer> {
  const asked: string[] = [];
  const refused = new Map<string, number>();
  /** What Rekor has, by what was proposed and by its id: it takes nothing twice. */
  const entries = new Map<string, string>();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    asked.push(request.url ?? '');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const answer = (status: number, text: string): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(text);
      };
      const status = refused.get(path);
      if (status !== undefined) return answer(status, '{"message":"no"}');
      const known = path === ENTRIES ? entries.get(body) : undefined;
      if (known !== undefined) {
        const [id = ''] = Object.keys(JSON.parse(known) as object);
        response.setHeader('location', `${ENTRIES}/${id}`);
        return answer(409, '{"code":409,"message":"an equivalent entry already exists in the transparency log"}');
      }
      const made =
        path === '/api/v2/signingCert'
          ? mock.certificateFor(body)
          : path === ENTRIES
            ? mock.entryFor(body).then((text) => {
                const [id = ''] = Object.keys(JSON.parse(text) as object);
                entries.set(body, text).set(`${ENTRIES}/${id}`, text);
                return text;
              })
            : undefined;
      const kept = entries.get(path);
      if (kept !== undefined) return answer(200, kept);
      if (made !== undefined) {
        made.then(
          (text) => answer(201, text),
          (error: unknown) => answer(400, JSON.stringify({ message: String(error) })),
        );
      } else if (path === '/token' && request.headers.authorization === `Bearer ${BEARER}`) {
        answer(200, JSON.stringify({ value: actionsToken(claims) }));
      } else answer(404, '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    env: { ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?job=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: BEARER },
    refuse: (path, status) => void refused.set(path, status),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
