import { describe, expect, test } from 'vitest';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { encodeChecklist, parseChecklist } from '../../ledger-schema/checklist.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import { EVIDENCE_BYTES, EVIDENCE_ENTRIES } from '../../ledger-schema/evidence.ts';
import type { EvidenceEntry } from '../../ledger-schema/evidence.ts';
import { canonicalJson } from '../../ledger-schema/json.ts';

const digest = (i: number): string => i.toString(16).padStart(64, '0');
const PUBLIC_KEY = `key:${'a'.repeat(64)}`;
const FINGERPRINT = 'A'.repeat(40);
const MINISIGN = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';
const WORKFLOW = 'https://github.com/jqlang/jq/.github/workflows/ci.yml@refs/tags/jq-1.7.1';
const ISSUER = 'https://token.actions.githubusercontent.com';

/** The bytes of a checklist that says so, whether it may or not. */
function bytesWith(evidence: unknown): Uint8Array {
  const checklist: Checklist = {
    format: 1,
    ledger: 'a'.repeat(32),
    source: 'github.com',
    repository: 'jqlang/jq',
    repositoryId: 5101141,
    tag: 'jq-1.7.1',
    commit: 'c'.repeat(40),
    assets: [{ name: 'jq-linux-amd64', size: 2319424 }],
  };
  return canonicalJson({ ...checklist, evidence });
}

const entry = (more: object): object => ({ kind: 'list', sha256: digest(1), size: 1, ...more });

describe('evidence in checklist.json', () => {
  test.each<[string, readonly EvidenceEntry[]]>([
    ['a certificate', [{ kind: 'sigstore', sha256: digest(1), size: 6305, signer: WORKFLOW, issuer: ISSUER }]],
    ['a certificate that names no issuer', [{ kind: 'sigstore', sha256: digest(1), size: 1, signer: WORKFLOW }]],
    ['a bundle by a key', [{ kind: 'sigstore', sha256: digest(1), size: 1, signer: PUBLIC_KEY }]],
    ['minisign', [{ kind: 'minisign', sha256: digest(1), size: 300, signer: MINISIGN }]],
    ['OpenPGP', [{ kind: 'openpgp', sha256: digest(1), size: 800, signer: FINGERPRINT }]],
    ['a list', [{ kind: 'list', sha256: digest(1), size: EVIDENCE_BYTES }]],
    ['an OpenPGP certificate', [{ kind: 'key', sha256: digest(1), size: 1, signer: FINGERPRINT }]],
    ['a public key', [{ kind: 'key', sha256: digest(1), size: 1, signer: PUBLIC_KEY }]],
    [
      'as many as there may be',
      Array.from({ length: EVIDENCE_ENTRIES }, (_, i) => ({ kind: 'list' as const, sha256: digest(i), size: 1 })),
    ],
  ])('%s is read and written again', (_, evidence) => {
    const bytes = bytesWith(evidence);
    const read = parseChecklist(bytes);
    expect(read.evidence).toEqual(evidence);
    expect(encodeChecklist(read)).toEqual(bytes);
  });

  test('is written sorted, and left out where there is none', () => {
    const read = parseChecklist(bytesWith([entry({})]));
    const evidence: EvidenceEntry[] = [2, 1].map((i) => ({ kind: 'list', sha256: digest(i), size: 1 }));
    expect(parseChecklist(encodeChecklist({ ...read, evidence })).evidence?.map(({ sha256 }) => sha256)).toEqual([
      digest(1),
      digest(2),
    ]);
    const bare = encodeChecklist({ ...read, evidence: undefined });
    expect(new TextDecoder().decode(bare)).not.toContain('evidence');
    expect(parseChecklist(bare)).not.toHaveProperty('evidence');
  });

  test.each<[string, unknown]>([
    ['an empty list', []],
    ['null', null],
    ['one entry too many', Array.from({ length: EVIDENCE_ENTRIES + 1 }, (_, i) => entry({ sha256: digest(i) }))],
    ['entries in the wrong order', [entry({ sha256: digest(2) }), entry({ sha256: digest(1) })]],
    ['the same bytes twice', [entry({}), entry({})]],
    ['an unknown kind', [entry({ kind: 'gpg' })]],
    ['an unknown key', [entry({ name: 'x' })]],
    ['keys in another order', [{ sha256: digest(1), kind: 'list', size: 1 }]],
    ['an upper-case digest', [entry({ sha256: 'A'.repeat(64) })]],
    ['no bytes', [entry({ size: 0 })]],
    ['too many bytes', [entry({ size: EVIDENCE_BYTES + 1 })]],
    ['a list with a signer', [entry({ signer: FINGERPRINT })]],
    ['a list with an issuer', [entry({ issuer: ISSUER })]],
    ['sigstore without a signer', [entry({ kind: 'sigstore', issuer: ISSUER })]],
    ['a bundle by a key with an issuer', [entry({ kind: 'sigstore', signer: PUBLIC_KEY, issuer: ISSUER })]],
    ['a key of another form', [entry({ kind: 'sigstore', signer: 'key:abc' })]],
    ['a signer with a space', [entry({ kind: 'sigstore', signer: 'a b' })]],
    ['an empty signer', [entry({ kind: 'sigstore', signer: '' })]],
    ['a long signer', [entry({ kind: 'sigstore', signer: 'a'.repeat(1025) })]],
    ['minisign without a signer', [entry({ kind: 'minisign' })]],
    ['minisign by another kind of key', [entry({ kind: 'minisign', signer: MINISIGN.replace('RWQ', 'RWU') })]],
    ['a short minisign key', [entry({ kind: 'minisign', signer: MINISIGN.slice(4) })]],
    ['minisign with an issuer', [entry({ kind: 'minisign', signer: MINISIGN, issuer: ISSUER })]],
    ['OpenPGP by a key id', [entry({ kind: 'openpgp', signer: '4AEE18F83AFDEB23' })]],
    ['OpenPGP in lower case', [entry({ kind: 'openpgp', signer: 'a'.repeat(40) })]],
    ['a key without a signer', [entry({ kind: 'key' })]],
    ['a minisign key as a file', [entry({ kind: 'key', signer: MINISIGN })]],
  ])('%s is refused', async (_, evidence) => {
    await expect(() => parseChecklist(bytesWith(evidence))).toFailWith('E_CHECKLIST');
  });

  test('stands last', async () => {
    const text = new TextDecoder().decode(bytesWith([entry({})]));
    const [before = '', evidence = ''] = text.split(',\n  "evidence"');
    const moved = before.replace('{\n', `{\n  "evidence"${evidence.slice(0, evidence.lastIndexOf('\n}'))},\n`);
    expect(JSON.parse(moved + '\n}')).toEqual(JSON.parse(text));
    await expect(() => parseChecklist(utf8(`${moved}\n}\n`))).toFailWith('E_CHECKLIST');
  });
});
