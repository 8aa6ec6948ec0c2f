import { beforeAll, describe, expect, test } from 'vitest';
import { jobToken } from '../../consumer/stamps/id-token.ts';
import { openKeyless } from '../../evidence/sigstore/keyless.ts';
import { verifyBundle } from '../../evidence/sigstore/sigstore.ts';
import { tokenIdentity } from '../../evidence/sigstore/token-identity.ts';
import { actionsToken, startSigstore } from '../servers/sigstore-server.ts';
import { MockSigstore } from './mock-sigstore.ts';
import { emptyStatement } from '../kit/stamps.ts';

const ISSUER = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'acme/site/.github/workflows/site.yml@refs/heads/main';
const claims = { iss: ISSUER, sub: 'repo:acme/site:ref:refs/heads/main', job_workflow_ref: WORKFLOW };
const statement = emptyStatement();
let mock: MockSigstore;

beforeAll(async () => {
  mock = await MockSigstore.make();
});

async function open(server: Awaited<ReturnType<typeof startSigstore>>, roots = [mock.root('added')]) {
  return openKeyless({ token: () => jobToken(server.env), fulcio: server.url, rekor: server.url, roots });
}

describe('keyless signing', () => {
  test('signs by the workflow that runs, logs it, and verifies before anybody is given it', async () => {
    await using server = await startSigstore(mock, claims);
    const signer = await open(server);
    expect(signer.identity).toEqual({ identity: `https://github.com/${WORKFLOW}`, issuer: ISSUER });
    const bundle = await signer.sign(statement);
    const verified = verifyBundle(bundle, [mock.root('added')]);
    expect(verified).toMatchObject({ signer: signer.identity.identity, issuer: ISSUER });
    expect(JSON.parse(Buffer.from(bundle).toString())).toMatchObject({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { certificate: {}, tlogEntries: [{ kindVersion: { kind: 'dsse', version: '0.0.1' } }] },
      dsseEnvelope: { payloadType: 'application/vnd.in-toto+json', payload: statement.toString('base64') },
    });
    expect(signer.signed(bundle)).toBe(true);
    expect(signer.signed(Buffer.from('{}'))).toBe(false);
  });

  test('asks for one certificate for several statements, and logs each of them', async () => {
    await using server = await startSigstore(mock, claims);
    const signer = await open(server);
    await signer.sign(statement);
    await signer.sign(statement);
    const count = (path: string): number => server.asked.filter((each) => each.startsWith(path)).length;
    expect([count('/api/v2/signingCert'), count('/api/v1/log/entries')]).toEqual([1, 2]);
    expect(server.asked[0]).toBe('/token?job=1&audience=sigstore');
  });

  test('under a root that is not trusted here gives nothing', async () => {
    await using server = await startSigstore(mock, claims);
    const other = await MockSigstore.make();
    const signer = await open(server, [other.root('added')]);
    await expect(signer.sign(statement)).toFailWith('E_SIGNING');
  });

  test.each(['/api/v2/signingCert', '/api/v1/log/entries'])(
    'that %s refuses is an error without a token',
    async (path) => {
      await using server = await startSigstore(mock, claims);
      const signer = await open(server);
      server.refuse(path, 403);
      const error: unknown = await signer.sign(statement).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'E_SIGNING' });
      const token = actionsToken(claims);
      const shown = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
      expect(shown).not.toContain(token.slice(10, 40));
    },
  );

  test('has no identity outside a job, and says what gives one', async () => {
    await expect(jobToken({})).toFailWith('E_NO_KEY');
    await using server = await startSigstore(mock, claims);
    server.refuse('/token', 500);
    await expect(jobToken(server.env)).toFailWith('E_SIGNING');
    expect(await jobToken({ SIGSTORE_ID_TOKEN: ' a.b.c\n' })).toBe('a.b.c');
  });
});

describe('who a token is of', () => {
  test.each([
    [{ iss: ISSUER, sub: 's', job_workflow_ref: WORKFLOW }, `https://github.com/${WORKFLOW}`],
    [
      { iss: 'https://gitlab.com', sub: 's', ci_config_ref_uri: 'gitlab.com/a/b//c@main' },
      'https://gitlab.com/a/b//c@main',
    ],
    [{ iss: 'https://accounts.x', sub: 's', email: 'ada@acme.example', email_verified: true }, 'ada@acme.example'],
    [{ iss: 'https://accounts.x', sub: 's', email: 'ada@acme.example' }, 's'],
    [{ iss: 'https://evil.example', sub: 's', job_workflow_ref: WORKFLOW }, 's'],
  ])('%j', (body, identity) => {
    expect(tokenIdentity(actionsToken(body)).identity).toBe(identity);
  });

  test.each(['', 'a', 'a.b.c', actionsToken({}), actionsToken({ iss: 'x' }), 'a'.repeat(100_000)])(
    'of none is E_SIGNING',
    async (token) => {
      await expect(() => tokenIdentity(token)).toFailWith('E_SIGNING');
    },
  );
});
