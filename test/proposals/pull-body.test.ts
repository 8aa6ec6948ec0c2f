import { describe, expect, it } from 'vitest';
import { BODY_LENGTH, proposalBody, proposalTitle } from '../../proposals/pull-body.ts';
import type { BodyInput } from '../../proposals/pull-body.ts';
import { releaseFindings } from '../../proposals/release-findings.ts';
import { compareRecords, previousTag } from '../../proposals/compare-records.ts';
import { finding } from '../../inspect/finding.ts';
import { buildRecord } from '../../ledger/new-record.ts';
import { digest } from '../kit/releases.ts';

function input(names: readonly string[], changes: Partial<BodyInput> = {}): BodyInput {
  const files = names.map((name) => ({ name, size: 1234567, sha256: digest(name) }));
  return {
    checklist: buildRecord({
      ledger: 'a'.repeat(32),
      source: 'github.com',
      repository: 'jqlang/jq',
      repositoryId: 1,
      tag: 'jq-1.7.1',
      commit: 'a'.repeat(40),
      files,
    }).checklist,
    files,
    checks: ["GitHub's digest (sha256): equal for 1 of 2 files"],
    release: { htmlUrl: 'https://github.com/x', author: 'itchyny', publishedAt: new Date(0), immutable: true },
    findings: [],
    branch: 'pullthrough/github.com/jqlang/jq/jq-1.7.1',
    ...changes,
  };
}

describe("a pull request's body", () => {
  it('has a row for each file, what was checked, and what to type', () => {
    const body = proposalBody(input(['jq-linux', 'jq-macos']));
    expect(body).toContain(`| \`jq-linux\` | 1,234,567 | \`${digest('jq-linux')}\` |`);
    expect(body).toContain("- `GitHub's digest (sha256): equal for 1 of 2 files`");
    expect(body).toContain('pullthrough review pullthrough/github.com/jqlang/jq/jq-1.7.1\n');
    expect(body).toContain('### Findings\n\nNone.');
    expect(body).toContain('published 1970-01-01T00:00:00Z by `itchyny`, immutable');
  });

  it('has the findings as a review has them, the worst first', () => {
    const findings = [finding('files-added', 'jq-1.7 had no n', ['n']), finding('size-jump', 'sizes jumped', ['j'])];
    const body = proposalBody(input(['a'], { findings }));
    expect(body).toContain('- **look** `size-jump`: `sizes jumped`\n- note `files-added`: `jq-1.7 had no n`\n');
  });

  it('lets nothing from outside mention, link, close or break out', () => {
    const evil = '`` @octocat | #1 closes #2 \u202e\n\n# x <img src=//e> [a](b)';
    const body = proposalBody(
      input(['a'], {
        release: { htmlUrl: evil, author: evil, publishedAt: new Date(0), immutable: undefined },
        findings: [finding('size-jump', evil, [evil])],
        checks: [evil],
      }),
    );
    expect(body).not.toMatch(/[\u202e]/);
    // What stands outside of code spans, as CommonMark pairs runs of backticks.
    const outside = body.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, '');
    expect(outside).not.toMatch(/[@<[]|#1|#2/);
    expect(body.split('\n').filter((line) => /^#+ /.test(line))).toHaveLength(3);
  });

  it('fits into what GitHub takes, and says where the table ends early', () => {
    const many = Array.from({ length: 2000 }, (_, i) => `${'n'.repeat(100)}-${i}`);
    const body = proposalBody(input(many));
    expect(body.length).toBeLessThanOrEqual(BODY_LENGTH);
    expect(body.length).toBeGreaterThan(BODY_LENGTH - 1000);
    const rows = body.split('\n').filter((line) => line.startsWith('| `n')).length;
    expect(body).toContain(`2000 files, 2,469,134,000 bytes. The table shows ${rows} of them`);
    expect(body).toContain('pullthrough review');
  });

  it('fits whatever upstream calls its files, and still says how to review', () => {
    const evil = Array.from({ length: 500 }, (_, i) => '\u202e'.repeat(1000) + i);
    const findings = evil.map((name) => finding('size-jump', name, [name]));
    const body = proposalBody(input(['a'], { checks: evil, findings }));
    expect(body.length).toBeLessThanOrEqual(BODY_LENGTH);
    expect(body).toContain('and 500 more findings');
    expect(body).toContain('pullthrough review');
  });

  it('has a title that says tool and tag', () => {
    expect(proposalTitle({ repository: 'jqlang/jq', tag: 'jq-1.7.1' })).toBe('jqlang/jq jq-1.7.1');
    expect(proposalTitle({ repository: 'o/r', tag: 'x\u202ey\u0007' })).toBe('o/r x\\u{202e}y\\u{7}');
    expect(proposalTitle({ repository: 'o/r', tag: 'x'.repeat(999) }).length).toBeLessThanOrEqual(256);
  });
});

describe('the previous record', () => {
  it('is the next lower version of the same beginning', () => {
    const tags = ['jq-1.6', 'jq-1.7.1', 'jq-1.7', 'jq-1.8', 'v1.7.0', 'nightly'];
    expect(previousTag('jq-1.7.1', tags)).toBe('jq-1.7');
    expect(previousTag('jq-1.6', tags)).toBeUndefined();
    expect(previousTag('nightly', tags)).toBeUndefined();
  });

  it('is compared by names without their versions', () => {
    const before = { tag: 'v1.6', assets: ['t-1.6.zip', 't-linux', 'old'].map((name) => ({ name, size: 10_000 })) };
    const now = {
      tag: 'v1.7.1',
      assets: [
        { name: 't-1.7.1.zip', size: 11_000 },
        { name: 't-linux', size: 20_000 },
        { name: 'new', size: 1 },
      ],
    };
    expect(compareRecords(before, now)).toEqual({
      tag: 'v1.6',
      added: ['new'],
      missing: ['old'],
      jumps: [{ name: 't-linux', before: 10_000, now: 20_000 }],
      unsigned: [],
    });
  });

  it('shrinking counts as well, and small files never', () => {
    const compare = (was: number, is: number) =>
      compareRecords(
        { tag: 'v1', assets: [{ name: 'a', size: was }] },
        { tag: 'v2', assets: [{ name: 'a', size: is }] },
      ).jumps.length;
    expect(compare(30_000, 19_000)).toBe(1);
    expect(compare(30_000, 21_000)).toBe(0);
    expect(compare(1, 4000)).toBe(0);
    expect(compare(0, 5000)).toBe(1);
  });

  it('a version that is part of a longer number is not a version', () => {
    const before = { tag: 'v6.4', assets: [{ name: 'x-16.4', size: 1 }] };
    const now = { tag: 'v6.5', assets: [{ name: 'x-16.4', size: 1 }] };
    expect(compareRecords(before, now)).toMatchObject({ added: [], missing: [] });
  });
});

describe('a young release', () => {
  const now = new Date('2026-02-01T00:00:00Z');
  const facts = { files: [], left: [], comparison: undefined, now };
  const found = (signed?: Date) =>
    releaseFindings({ ...facts, signed, release: { assets: [], publishedAt: new Date('2026-01-01T00:00:00Z') } })
      .filter(({ name }) => name === 'young-release')
      .map(({ message }) => message);

  it('is as young as the first signature that a log knows, whatever upstream says', () => {
    expect(found()).toEqual([]);
    expect(found(new Date('2025-12-31T00:00:00Z'))).toEqual([]);
    expect(found(new Date('2026-01-31T21:30:00Z'))).toEqual(['the release was signed 2 hours ago']);
  });
});
