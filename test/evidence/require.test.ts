import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { answers, isSigned, parseRequirement, requireEvidence, wordOf } from '../../evidence/require.ts';
import type { SignedRequirement } from '../../evidence/require.ts';
import type { VerifiedStatement } from '../../evidence/entry.ts';
import { weakerEvidence } from '../../evidence/weaker.ts';
import { PullthroughError } from '../../ledger-schema/error.ts';
import { ACTIONS, entryOf } from './release.ts';

const parse = (word: string) => parseRequirement(word, (glob) => glob);
const page = readFileSync(join(import.meta.dirname, '../../docs/evidence.md'), 'utf8');
const words = [...page.matchAll(/^require\[\] = (.*?) +;/gm)].map(([, word = '']) => word);

describe('a word of require[]', () => {
  test.each(words)('%s, as the page has it, is read and written back', (word) => {
    expect(wordOf(parse(word))).toBe(word);
  });

  test('the page has every kind', () => {
    expect(new Set(words.map((word) => parse(word).kind)).size).toBe(7);
    expect(words.length).toBeGreaterThanOrEqual(8);
  });

  test.each([
    ['github-digests', 'did you mean github-digest?'],
    ['atestation', 'did you mean attestation?'],
    ['openpgp:4AEE18F83AFDEB23', 'write the whole fingerprint'],
    [
      'openpgp:4aee 18f8 3afd eb23 4aee 18f8 3afd eb23 4aee 18f8',
      'write openpgp:4AEE18F83AFDEB234AEE18F83AFDEB234AEE18F8',
    ],
    ['minisign:RWQ', 'the second line of its .pub file'],
    ['sigstore:me@example.com', 'write both in full'],
    ['sigstore:https://a.example  me@example.com', 'one space between'],
    ['attestation:release.yml', 'write attestation:.github/workflows/FILE.yml'],
    ['attestation:.github/workflows/../../x.yml', 'write attestation:.github/workflows/FILE.yml'],
    ['key:ABC', 'write 64 lower-case hex digits'],
    ['checksums:', 'write github-digest, checksums:GLOB'],
  ])('%s is refused, and says what would be right', (word, hint) => {
    const error = (() => {
      try {
        return parse(word);
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toBeInstanceOf(PullthroughError);
    expect(error).toMatchObject({ code: 'E_CONFIG', hint: expect.stringContaining(hint) as string });
  });
});

const statement = (other: Partial<VerifiedStatement>): VerifiedStatement => ({
  kind: 'sigstore',
  sha256: '0'.repeat(64),
  size: 1,
  signer: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1',
  issuer: ACTIONS,
  predicate: 'https://slsa.dev/provenance/v1',
  sourceRepository: 'https://github.com/acme/tool',
  files: ['tool'],
  ...other,
});

function meets(word: string, other: Partial<VerifiedStatement>): boolean {
  const requirement = parse(word);
  if (!isSigned(requirement)) throw new Error('it is not about signatures');
  return answers(statement(other), requirement satisfies SignedRequirement, 'github.com');
}

describe('what a word takes', () => {
  test('a workflow of the repository itself, whatever the ref', () => {
    expect(meets('attestation:.github/workflows/release.yml', {})).toBe(true);
    expect(meets('attestation', {})).toBe(true);
    expect(meets('attestation:acme/tool/.github/workflows/release.yml', {})).toBe(true);
  });

  test.each([
    ['another workflow', 'https://github.com/acme/tool/.github/workflows/test.yml@refs/tags/v1'],
    [
      'one whose name only begins so',
      'https://github.com/acme/tool/.github/workflows/release.yml.evil.yml@refs/tags/v1',
    ],
    ["another repository's", 'https://github.com/evil/tool/.github/workflows/release.yml@refs/tags/v1'],
    ['another host', 'https://github.co/acme/tool/.github/workflows/release.yml@refs/tags/v1'],
    ['a path inside another', 'https://github.com/acme/tool/x/.github/workflows/release.yml@refs/tags/v1'],
    ['no ref', 'https://github.com/acme/tool/.github/workflows/release.yml'],
  ])('not %s', (_, signer) => {
    expect(meets('attestation:.github/workflows/release.yml', { signer })).toBe(false);
  });

  test('an identity and an issuer, whole', () => {
    const word = 'sigstore:https://accounts.google.com me@example.com';
    const me = { signer: 'me@example.com', issuer: 'https://accounts.google.com' };
    expect(meets(word, me)).toBe(true);
    expect(meets(word, { ...me, signer: 'me@example.co' })).toBe(false);
    expect(meets(word, { ...me, signer: 'xme@example.com' })).toBe(false);
    expect(meets(word, { ...me, issuer: 'https://accounts.google.com.evil.example' })).toBe(false);
  });

  test('every file that is not a statement itself must be covered', () => {
    const files = ['tool', 'tool.sha256', 'other'].map((name) => ({ name, size: 1, sha256: '0'.repeat(64) }));
    const subject = { source: 'github.com', files };
    expect(() => requireEvidence([parse('attestation')], [statement({})], subject)).toThrow('none covers other');
    expect(() =>
      requireEvidence([parse('attestation')], [statement({ files: ['tool', 'other'] })], subject),
    ).not.toThrow();
    expect(() => requireEvidence([parse('release-attestation')], [statement({})], subject)).toThrow('there is none');
  });
});

describe('evidence that got weaker', () => {
  const by = (signer: string, kind: 'sigstore' | 'minisign' = 'sigstore') =>
    entryOf(kind, Buffer.from(signer), { signer });
  const at = (tag: string) => by(`https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/${tag}`);

  test('is a kind and signer that the new record lacks, the ref left out', () => {
    expect(weakerEvidence([at('v1')], [at('v2')])).toEqual([]);
    expect(weakerEvidence([at('v1'), by('me@example.com')], [at('v2')])).toHaveLength(1);
    expect(weakerEvidence([by('me@example.com')], [by('me@example.co')])).toHaveLength(1);
    expect(weakerEvidence(undefined, [at('v2')])).toEqual([]);
  });

  test('is a predicate that the signer no longer states, versions aside, where both are known', () => {
    const says = (predicate: string | undefined, tag = 'v1') => ({ ...at(tag), predicate });
    const [slsa, sbom] = ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document/v2.3'];
    expect(weakerEvidence([says(slsa), says(sbom)], [says(sbom, 'v2')])).toMatchObject([{ predicate: slsa }]);
    expect(weakerEvidence([says(slsa)], [says('https://slsa.dev/provenance/v0.2', 'v2')])).toEqual([]);
    expect(weakerEvidence([says('')], [says(slsa, 'v2')])).toHaveLength(1);
    expect(weakerEvidence([says(slsa)], [says(undefined, 'v2')])).toEqual([]);
    expect(weakerEvidence([says(slsa), says(slsa)], [])).toHaveLength(1);
  });

  test('is by an address that only begins like the one before', () => {
    expect(
      weakerEvidence([by('https://ci.example@acme.example/x')], [by('https://ci.example@evil.example/x')]),
    ).toHaveLength(1);
    const pinned = (commit: string) => by(`https://github.com/a/b/.github/workflows/x.yml@${commit.repeat(40)}`);
    expect(weakerEvidence([pinned('a')], [pinned('b')])).toEqual([]);
    const scoped = (tag: string) => at(`@scope/tool@${tag}`);
    expect(weakerEvidence([scoped('1')], [scoped('2'), at('plain')])).toEqual([]);
  });

  test('is not a list and no key', () => {
    expect(
      weakerEvidence([entryOf('list', Buffer.from('a')), entryOf('key', Buffer.from('b'), { signer: 'F' })], []),
    ).toEqual([]);
  });
});
