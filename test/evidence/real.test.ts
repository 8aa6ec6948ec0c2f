import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPublicKey } from '../../evidence/sigstore/public-key.ts';
import { loadRoots } from '../../evidence/roots.ts';
import { verifyBundle } from '../../evidence/sigstore/sigstore.ts';
import type { Subject } from '../../evidence/entry.ts';
import { parseDigestList } from '../../evidence/lists/digest-list.ts';
import { verifyEvidence } from '../../evidence/verify.ts';
import { ACTIONS, GITHUB, entryOf, readerOf } from './release.ts';
import { sha256 } from './mock-sigstore.ts';

/** Real bundles, roots and the cases of sigstore-conformance; none of them is part of this repository, nor this file run without them. */
const folder = process.env.PULLTHROUGH_TEST_EVIDENCE ?? '';
const read = (...path: string[]): Buffer => readFileSync(join(folder, ...path));

describe('real statements of upstream', () => {
  const checksums = () => read('gh-2.96.0', 'gh_2.96.0_checksums.txt');
  const subject = (): Subject => ({
    source: 'github.com',
    repository: 'cli/cli',
    repositoryId: 212613049,
    tag: 'v2.96.0',
    commit: 'b300f2ec7ec9dc9addc39b2ad88c54097ded7ca0',
    files: [
      ...[...parseDigestList(checksums(), '')].map(
        ([
          name,
          {
            sha256: [digest = ''],
          },
        ]) => ({ name, size: 1, sha256: digest }),
      ),
      { name: 'gh_2.96.0_checksums.txt', size: checksums().length, sha256: sha256(checksums()) },
    ],
  });
  const signer = 'https://github.com/cli/cli/.github/workflows/deployment.yml@refs/heads/trunk';

  test("gh 2.96.0: GitHub's release attestation and a workflow's provenance cover the programs", async () => {
    const [release, provenance] = ['release-attestation.json', 'provenance.json'].map((name) =>
      read('gh-2.96.0', name),
    );
    if (release === undefined || provenance === undefined) throw new Error('no bundle');
    const entries = [
      entryOf('sigstore', release, { signer: GITHUB.san }),
      entryOf('sigstore', provenance, { signer, issuer: ACTIONS }),
    ];
    const bytes = new Map([release, provenance].map((each) => [sha256(each), each]));
    const statements = await verifyEvidence({
      subject: subject(),
      entries,
      bytes,
      roots: loadRoots(),
      read: readerOf({ checksums: checksums() }),
    });
    const count = subject().files.length;
    expect(statements.map(({ files, signedAt }) => [files.length, signedAt?.slice(0, 10)])).toEqual([
      [count, '2026-07-02'],
      [count - 1, '2026-07-02'],
    ]);
  });

  const cases = readdirSync(join(folder, 'more', 'conformance'), { withFileTypes: true });
  test.each(cases.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])))(
    'sigstore-conformance: %s',
    async (name) => {
      const path = join(folder, 'more', 'conformance', name);
      const file = (each: string) => (existsSync(join(path, each)) ? readFileSync(join(path, each)) : undefined);
      const artifact = file('artifact') ?? read('more', 'conformance', 'a.txt');
      const verify = async (): Promise<void> => {
        const added = file('trusted_root.json');
        const roots =
          added === undefined ? loadRoots().slice(0, 1) : loadRoots([{ name: 'added', bytes: added }]).slice(2);
        const pem = file('key.pub');
        const key = pem === undefined ? undefined : readPublicKey(pem);
        const { message, statement } = verifyBundle(file('bundle.sigstore.json') ?? Buffer.alloc(0), roots, key);
        if (message !== undefined)
          return message.check(readerOf({ artifact })({ name, size: 0, sha256: sha256(artifact) }));
        const names = statement?.subjects.some(({ digest }) => digest.get('sha256') === sha256(artifact));
        if (names !== true) throw new Error('it names other bytes');
      };
      if (name.endsWith('_fail')) await expect(verify()).rejects.toThrow();
      else await expect(verify()).resolves.toBeUndefined();
    },
  );
});
