import { httpFetch, readBounded } from '../../io/http/http.ts';
import { requireSafeUrl } from '../../io/http/url.ts';
import { PullthroughError, fail } from '../../ledger-schema/error.ts';

const ANSWER_BYTES = 256 * 1024;

/**
 * The OpenID token of this job for the audience `sigstore`: what Actions gives a job with `id-token: write`, or
 * `SIGSTORE_ID_TOKEN`. No part of it is in what is thrown. Throws `E_NO_KEY` where there is none, `E_SIGNING`.
 */
export async function jobToken(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const given = env['SIGSTORE_ID_TOKEN']?.trim();
  if (given !== undefined && given !== '') return given;
  const address = env['ACTIONS_ID_TOKEN_REQUEST_URL'];
  const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
  if (!address || !bearer) {
    fail('E_NO_KEY', 'there is no identity to sign by', {
      hint: 'run it in a GitHub Actions job with permissions: id-token: write, or set SIGSTORE_ID_TOKEN',
    });
  }
  const url = requireSafeUrl(address);
  url.searchParams.set('audience', 'sigstore');
  try {
    const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' };
    const response = await httpFetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(30_000) });
    const body = await readBounded(response, ANSWER_BYTES);
    if (response.status !== 200) throw new PullthroughError('E_SIGNING', `it answered ${response.status}`);
    const answer: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const value = typeof answer === 'object' && answer !== null && 'value' in answer ? answer.value : undefined;
    if (typeof value === 'string' && value !== '') return value;
    throw new PullthroughError('E_SIGNING', 'its answer has no token');
  } catch (error) {
    const why = error instanceof PullthroughError ? `: ${error.message}` : '';
    return fail('E_SIGNING', `GitHub Actions gave no OpenID token${why}`, { hint: 'run the job again' });
  }
}
