import { describe, expect, test } from 'vitest';
import { openOutput } from '../../cli/screens/output.ts';
import { showReview } from '../../cli/screens/review/review-screen.ts';
import type { ReviewView } from '../../cli/screens/review/review-screen.ts';
import { wrapText } from '../../cli/screens/wrap.ts';
import { finding } from '../../inspect/finding.ts';
import type { Finding } from '../../inspect/finding.ts';
import type { ReviewReport, ReviewedFile } from '../../reviewer/report.ts';
import { Written } from '../kit/worlds/cli-world.ts';

const NOW = new Date('2026-11-30T00:00:00Z');

const fileOf = (name: string, more: Partial<ReviewedFile> = {}): ReviewedFile => ({
  name,
  size: 1024,
  sha256: 'a'.repeat(64),
  upstream: 'same',
  store: 'same',
  uploader: 'octocat',
  updated: '2026-11-27T00:00:00Z',
  statements: [],
  ...more,
});

const NAMES = Array.from({ length: 6 }, (_, i) => `jq-some-operating-system-${i}-and-a-processor.tar.gz`);

function reportOf(findings: readonly Finding[], more: Partial<ReviewReport> = {}): ReviewReport {
  return {
    verdict: 'same',
    findings,
    source: 'github.com',
    repository: 'jqlang/jq',
    tag: 'jq-1.7.1',
    record: 'packages/github.com/jqlang/jq/jq-1.7.1',
    commit: '7'.repeat(40),
    branch: 'pullthrough/github.com/jqlang/jq/jq-1.7.1',
    head: '1'.repeat(40),
    adds: 'record',
    release: { url: 'https://github.com/jqlang/jq/releases/tag/jq-1.7.1', prerelease: false },
    files: NAMES.map((name) => fileOf(name)),
    left: [],
    checks: ['GitHub lists the sha256 of all six files, and all of them are those of the bytes that came'],
    state: 'proposed',
    acks: [],
    nacks: [],
    missing: 1,
    threshold: 1,
    owes: ['ada', 'grace'],
    ...more,
  };
}

function shown(report: ReviewReport, view: ReviewView = {}, columns: number | 'pipe' = 80): string[] {
  const width = columns === 'pipe' ? undefined : columns;
  const [stdout, stderr] = [new Written(width), new Written(width)];
  const { output } = openOutput({
    ...{ stdout, stderr, env: { NO_COLOR: '1' }, json: false, quiet: false, title: 'review', bars: undefined },
  });
  showReview(report, NOW, output, view);
  return stdout.text.trimEnd().split('\n');
}

const LOOK = finding('late-upload', `${NAMES[1] ?? ''} was replaced 35 days after the release was published`, [
  NAMES[1] ?? '',
]);
const NOTE = finding('left-out', "the record leaves out jq-1.7.1.zip of upstream's");

describe('a review at a terminal', () => {
  test('ends with the verdict, its place, what wants a person and the page, within 80 columns', () => {
    const lines = shown(reportOf([LOOK, NOTE]), { place: { place: 3, of: 23 } });
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    const last = lines.slice(lines.findIndex((line) => line.startsWith('jqlang/jq')));
    expect(last.join('\n')).toMatch(
      /^jqlang\/jq jq-1\.7\.1, 3 of 23: the same, 6 files fetched again from upstream and\nin the store\n {2}look +jq-some/,
    );
    expect(last.at(-1)).toBe('  page       https://github.com/jqlang/jq/releases/tag/jq-1.7.1');
    expect(last.join()).not.toContain('left-out');
    expect(lines.join()).toContain('[left-out]');
  });

  test('stays within 80 columns where what came from outside is escaped', () => {
    const evil = finding('scan-objects', `a said ${'\u001b[2J'.repeat(12)} ${'\u202e'.repeat(12)} twice`);
    for (const line of shown(reportOf([evil]))) {
      if (!line.includes('\\u{1b}') && !line.includes('\\u{202e}')) expect(line.length, line).toBeLessThanOrEqual(80);
      expect(line).not.toMatch(/[\u001b\u202e]/u);
    }
    const short = finding('scan-objects', `a said ${'\u001b[2J '.repeat(12)}`);
    for (const line of shown(reportOf([short]))) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('names every kind of finding, however many there are of one', () => {
    const many = Array.from({ length: 20 }, () => finding('scan-objects', 'x ended with 1 on y'));
    const text = shown(reportOf([...many, finding('new-uploader', 'mallory uploaded'), LOOK])).join('\n');
    for (const one of ['mallory uploaded', 'late-upload']) expect(text).toContain(one);
    expect(text).toContain('look       and 17 more: scan-objects\n');
  });

  test('folds plain and same files into one, and shows what a finding is about', () => {
    const text = shown(reportOf([LOOK])).join('\n');
    expect(text).toContain('  the same   5 files, 5.0 KiB, uploaded by octocat, the newest 3 days ago\n');
    expect(text).toContain(
      `  file       ${NAMES[1] ?? ''}\n             upstream same, store same, 1.0 KiB, 3 days ago by octocat`,
    );
    expect(text).not.toContain(`  file       ${NAMES[0] ?? ''}`);
  });

  test('folds nothing that differs or lies elsewhere', () => {
    const files = [fileOf('a', { store: 'differs' }), fileOf('b', { url: 'https://get.example/b' }), fileOf('c')];
    const text = shown(reportOf([], { files, verdict: 'differs' })).join('\n');
    expect(text).toContain('  file       a\n');
    expect(text).toContain('  file       b from https://get.example/b\n');
    expect(text).toContain('  the same   1 file, 1.0 KiB, uploaded by octocat');
  });

  test('unfolds with --all: every file and every finding', () => {
    const files = Array.from({ length: 40 }, (_, i) => fileOf(`f${i}`));
    const looks = Array.from({ length: 9 }, () => LOOK);
    const lines = shown(reportOf(looks, { files }), { all: true });
    expect(lines.filter((line) => line.startsWith('  file  '))).toHaveLength(40);
    expect(lines.filter((line) => line.startsWith('  look  '))).toHaveLength(9);
  });
});

test('in a pipe the verdict stands first, and no line is broken', () => {
  const [first = '', second = ''] = shown(reportOf([LOOK]), {}, 'pipe');
  expect(first).toBe('jqlang/jq jq-1.7.1: the same, 6 files fetched again from upstream and in the store');
  expect(second).toBe(`  look       ${LOOK.message} [late-upload]`);
});

test('a text breaks at its spaces, and a long word stays whole', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('a https://host/long/path b', 5)).toEqual(['a', 'https://host/long/path', 'b']);
});
