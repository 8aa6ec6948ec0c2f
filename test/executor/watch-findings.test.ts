import type { WatchFinding } from '../../executor/upkeep/watch-findings.ts';
import { describe, expect, it } from 'vitest';
import { noteGone, watchExit, watchIssue } from '../../executor/upkeep/watch-findings.ts';

describe('what upstream lacks', () => {
  const missing = (kind: WatchFinding['kind'], tag: string | undefined): WatchFinding => {
    const code = kind === 'repository-changed' ? 'E_REPOSITORY_CHANGED' : 'E_UPSTREAM_DIFFERS';
    return { kind, code, tag, record: 'r', file: undefined, message: 'it is gone' };
  };
  const exit = (findings: readonly WatchFinding[], gone: readonly string[]) =>
    watchExit([{ tool: 'a/b', records: 2, findings: noteGone(findings, ['v1', 'v2'], gone) }]);

  it.each([
    ['a release', [missing('release-missing', 'v1'), missing('tag-missing', 'v1')], ['v1'], 0],
    ['a file', [missing('file-missing', 'v1')], ['v*'], 0],
    ['another release too', [missing('release-missing', 'v1'), missing('release-missing', 'v2')], ['v1'], 3],
    ['the repository', [missing('repository-missing', undefined)], ['*'], 0],
    ['the repository, one record of which nobody looked at', [missing('repository-missing', undefined)], ['v1'], 3],
    ['nothing, with another file in its place', [missing('file-replaced', 'v1')], ['*'], 3],
    ['nothing, with a tag that moved', [missing('tag-moved', 'v1')], ['*'], 3],
    ['nothing, with another repository of the name', [missing('repository-changed', undefined)], ['*'], 3],
  ] as const)('as tool.ini says: %s', (_, findings, gone, code) => {
    expect(exit(findings, [])).toBe(3);
    expect(exit(findings, gone)).toBe(code);
  });

  it('is in no issue once somebody has looked', () => {
    const findings = noteGone([missing('release-missing', 'v1')], ['v1'], ['v1']);
    expect(findings[0]?.message).toBe('it is gone, as tool.ini says');
    expect(watchIssue([{ tool: 'a/b', records: 1, findings }])).toBeUndefined();
  });
});

describe('the issue that watch writes', () => {
  it('names what could not be asked about beside what was found', () => {
    const error = { code: 'E_RATE_LIMIT', message: 'until 12:00' } as const;
    const found = { kind: 'tag-missing', code: 'E_UPSTREAM_DIFFERS', tag: 'v1', record: 'r', file: undefined } as const;
    const body = watchIssue([
      { tool: 'a/b', records: 1, findings: [{ ...found, message: 'the tag is gone' }] },
      { tool: 'c/d', records: 0, findings: [], error },
    ])?.body;
    expect(body).toContain('- `c/d`: could not be asked about, `E_RATE_LIMIT`\n');
    expect(watchIssue([{ tool: 'c/d', records: 0, findings: [], error }])).toBeUndefined();
  });

  it('fits into an issue, whatever upstream calls its files', () => {
    const findings = Array.from({ length: 5000 }, (_, i) => ({
      kind: 'file-added' as const,
      code: undefined,
      tag: 'v1',
      record: 'r',
      file: `@octocat \u202e\`\`${'\u202e'.repeat(300)}${String(i)}`,
      message: 'm',
    }));
    const body = watchIssue([{ tool: 't', records: 1, findings }])?.body ?? '';
    expect(body.length).toBeLessThan(65_536);
    expect(body).toMatch(/- and \d+ more\n$/);
    expect(body).not.toContain('\u202e');
  });
});
