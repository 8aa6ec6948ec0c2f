import { expect, test } from 'vitest';
import { networkError } from '../../io/http/network-error.ts';

const failed = (code: string): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('certificate'), { code }) });

test.each(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])('%s may be the fault of the clock here', (code) => {
  const error = networkError(failed(code), 'https://mirror.example/x');
  expect(error).toMatchObject({ code: 'E_NETWORK', hint: expect.stringMatching(/clock says \d{4}-/) as string });
});

test('any other certificate may be that of a proxy', () => {
  const error = networkError(failed('SELF_SIGNED_CERT_IN_CHAIN'), 'https://mirror.example/x');
  expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
});
