import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileSigner, newKey } from '../../ledger/signing/signer.ts';
import { readKeyFile } from '../../ledger-schema/openpgp/openpgp.ts';
import { evidenceNames, writeEvidence } from '../../consumer/evidence/write-evidence.ts';
import type { Root } from '../../evidence/roots.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import { newMinisign } from '../evidence/minisign-maker.ts';
import { ACTIONS, FILES, entryOf, provenance, readerOf, subjectOf, workflow } from '../evidence/release.ts';
import { MockSigstore, bytesOf, sha256 } from '../evidence/mock-sigstore.ts';
import type { Identity } from '../evidence/mock-sigstore.ts';
import { cosignProgram } from '../servers/cosign.ts';
import { temporaryFolder } from '../kit/readers.ts';

const run = promisify(execFile);
const has = async (program: string, flag: string) =>
  run(program, [flag]).then(
    () => true,
    () => false,
  );
const cosign = cosignProgram();
const hasMinisign = await has('minisign', '-v');

let folder: string;
const minisign = newMinisign();

/** Verifies these entries, writes them as `get --evidence` does, and the release's files beside them. */
async function bring(
  parts: readonly (readonly [ReturnType<typeof entryOf>, Buffer])[],
  roots: readonly Root[] = [],
): Promise<void> {
  const entries = parts.map(([entry]) => entry);
  const bytes = new Map(parts.map(([, each]) => [sha256(each), each]));
  const statements = await verifyEvidence({ subject: subjectOf(), entries, bytes, roots, read: readerOf() });
  expect(evidenceNames(entries, statements, bytes).size).toBe(entries.length);
  await writeEvidence(join(folder, 'proof'), entries, { statements, bytes });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, 'bin'));
  for (const [name, bytes] of Object.entries(FILES)) await writeFile(join(folder, 'bin', name), bytes);
});

const real = process.env.PULLTHROUGH_TEST_EVIDENCE ?? '';

describe('what get --evidence brings is taken by', () => {
  const file = FILES['tool-linux-amd64'] ?? Buffer.alloc(0);

  if (!hasMinisign) console.warn('minisign is not here, and is not tested: on Debian, apt-get install minisign');
  const minisignForms = hasMinisign ? [false, true] : [];
  test.each(minisignForms)('minisign (the older form: %s)', async (legacy) => {
    const signature = minisign.signFile(file, { legacy });
    await bring([[entryOf('minisign', signature, { signer: minisign.publicKey }), signature]]).catch(async () => {
      // The other form's file lies there.
      await writeFile(join(folder, 'proof', 'tool-linux-amd64.minisig'), signature);
    });
    const args = ['-V', '-P', minisign.publicKey, '-m', 'bin/tool-linux-amd64', '-x', 'proof/tool-linux-amd64.minisig'];
    const { stdout } = await run('minisign', args, { cwd: folder });
    expect(stdout).toContain('Signature and comment signature verified');
  });

  test('gpgv, with the certificate that is kept', async () => {
    const made = await newKey({ userId: 'upstream <up@example.com>' });
    const signer = await fileSigner({ key: made.secret });
    const { fingerprint } = await readKeyFile(made.public);
    const signature = Buffer.from(await signer.sign(file));
    await bring([
      [entryOf('openpgp', signature, { signer: fingerprint }), signature],
      [entryOf('key', Buffer.from(made.public), { signer: fingerprint }), Buffer.from(made.public)],
    ]);
    const armoured = await readFile(join(folder, 'proof', `${fingerprint}.asc`), 'utf8');
    const body = armoured.replace(/-----[^-]*-----|=[A-Za-z0-9+/]{4}$/gm, '').replaceAll('\n', '');
    await writeFile(join(folder, 'k.gpg'), Buffer.from(body, 'base64'));
    const args = ['--keyring', './k.gpg', 'proof/tool-linux-amd64.asc', 'bin/tool-linux-amd64'];
    const { stderr } = await run('gpgv', args, { cwd: folder });
    expect(stderr).toContain('Good signature from "upstream <up@example.com>"');
  });

  if (cosign !== undefined) {
    test('cosign, offline: a signature over a file, and provenance of it', async () => {
      const sigstore = await MockSigstore.make();
      const person = { san: 'ada@example.com', issuer: 'https://accounts.example.com' };
      const signed = bytesOf(await sigstore.message(file, person));
      const attested = bytesOf(await sigstore.statement(provenance(), workflow()));
      await bring(
        [
          [entryOf('sigstore', signed, { signer: person.san, issuer: person.issuer }), signed],
          [entryOf('sigstore', attested, { signer: workflow().san, issuer: ACTIONS }), attested],
        ],
        [sigstore.root('public-good')],
      );
      await writeFile(join(folder, 'root.json'), JSON.stringify(sigstore.rootJson));
      // Whatever it would ask the network for is refused.
      const env = { ...process.env, HOME: folder, HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' };
      const verify = async (command: string, bundle: string, { san, issuer = '' }: Identity, ...more: string[]) => {
        const by = ['--certificate-identity', san, '--certificate-oidc-issuer', issuer];
        const from = ['--bundle', `proof/${bundle}`, '--trusted-root', 'root.json'];
        return run(cosign, [command, ...from, ...by, ...more, 'bin/tool-linux-amd64'], { cwd: folder, env });
      };
      const name = 'tool-linux-amd64.sigstore.json';
      expect((await verify('verify-blob', name, person)).stderr).toContain('Verified OK');
      const other = { ...person, san: 'ada@example.co' };
      await expect(verify('verify-blob', name, other)).rejects.toThrow('expected SAN value "ada@example.co"');
      const type = ['--type', 'slsaprovenance1'];
      const said = await verify('verify-blob-attestation', 'provenance.sigstore.json', workflow(), ...type);
      expect(said.stderr).toContain('Verified OK');
    });

    if (existsSync(real)) {
      test("cosign, offline: GitHub's real attestation of a release", async () => {
        const name = join(real, 'gh-2.96.0', 'gh_2.96.0_checksums.txt');
        const bundle = join(real, 'gh-2.96.0', 'release-attestation.json');
        const env = { ...process.env, HOME: folder, HTTPS_PROXY: 'http://127.0.0.1:9' };
        const verify = (identity: string) =>
          run(
            cosign,
            [
              ...[
                'verify-blob-attestation',
                '--bundle',
                bundle,
                '--type',
                'https://in-toto.io/attestation/release/v0.2',
              ],
              ...['--certificate-identity', identity, '--certificate-oidc-issuer-regexp', '^$'],
              ...['--trusted-root', join(real, 'trusted-roots', 'github.json')],
              ...['--use-signed-timestamps', '--insecure-ignore-tlog', '--insecure-ignore-sct', name],
            ],
            { env },
          );
        expect((await verify('https://dotcom.releases.github.com')).stderr).toContain('Verified OK');
        await expect(verify('https://dotcom.releases.github.co')).rejects.toThrow('expected SAN value');
      });
    }
  }
});
