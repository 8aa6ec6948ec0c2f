import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { escapeTerminal, plainJson } from '../../io/escape.ts';
import type { Progress } from '../../io/progress.ts';
import { PullthroughError } from '../../ledger-schema/index.ts';
import { sendPage } from './api/answers.ts';
import { asFailure } from './error-status.ts';
import type { Follower } from './follow.ts';
import { linksOf } from './api/links.ts';
import { errorPage } from './pages/pages.ts';

export interface FailureOptions {
  readonly baseUrl?: string | undefined;
  readonly host: string;
  readonly follower: Follower;
  readonly progress: Progress;
}

export type FailureAnswer = (
  failure: { readonly error: PullthroughError; readonly status: number },
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** What describes the file that was to be sent, and not the refusal. */
const FILE_HEADERS = [
  'etag',
  'accept-ranges',
  'content-disposition',
  'repr-digest',
  'content-range',
  'content-length',
  'content-security-policy',
];
/** Where GitHub's API answers in JSON. */
const API = /^\/(?:api\/v3|api\/graphql|graphql|repos|rate_limit)(?:[/?]|$)/;
const METHODS = 'GET, HEAD';
/** Characters of a path in a warning. */
const LOGGED = 1024;

/** An error in the form that its reader expects: JSON for the API, a page for a browser, else a line of text. */
export function failureAnswer({ baseUrl, host, follower, progress }: FailureOptions): FailureAnswer {
  return ({ error, status }, request, reply) => {
    if (status >= 500 && !reply.raw.destroyed) {
      // Without its query, which can hold a secret.
      const path = (request.url.split('?')[0] ?? '').slice(0, LOGGED);
      progress.warn(`${request.method} ${path}: ${error.message} [${error.code}]`);
    }
    for (const name of FILE_HEADERS) reply.removeHeader(name);
    reply.status(status).header('cache-control', 'no-store');
    if (status === 405) reply.header('allow', METHODS);
    if (status === 503 || status === 504) reply.header('retry-after', '60');
    if (API.test(request.url)) return reply.type('application/json; charset=utf-8').send(jsonBody(error, status));
    const { catalog } = follower;
    if (request.headers.accept?.includes('text/html') === true) {
      const links = linksOf(request, baseUrl);
      const context = { links, view: catalog.view, host, expired: catalog.expired, stale: catalog.stale };
      const title = { 404: 'Not acknowledged', 410: 'Withdrawn' }[status] ?? `Error ${status}`;
      return sendPage(reply, errorPage(title, error.message, error.hint, context));
    }
    const hint = error.hint === undefined ? '' : `hint: ${escapeTerminal(error.hint)}\n`;
    return reply.type('text/plain; charset=utf-8').send(`${escapeTerminal(error.message)} [${error.code}]\n${hint}`);
  };
}

function jsonBody(error: PullthroughError, status: number): string {
  return plainJson({
    message: status === 404 ? 'Not Found' : error.message,
    code: error.code,
    reason: error.message,
    documentation_url: 'https://docs.github.com/rest',
    status: String(status),
  });
}

/** Answers what handlers throw, and what has no route: an unknown address, or a method that changes something. */
export function answerFailures(app: FastifyInstance, answer: FailureAnswer): void {
  app.setErrorHandler((error, request, reply) => answer(asFailure(error), request, reply));
  app.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const error = new PullthroughError('E_USAGE', `${request.method} is not for this gateway: it only reads`, {
        hint: `use ${METHODS}`,
      });
      return answer({ error, status: 405 }, request, reply);
    }
    const error = new PullthroughError('E_NOT_FOUND', 'there is nothing at this address', {
      hint: 'release files are at /OWNER/REPO/releases/download/TAG/FILE, as on GitHub',
    });
    return answer({ error, status: 404 }, request, reply);
  });
}
