import { describe, expect, it } from 'vitest';
import { watchIssue } from '../../executor/upkeep/watch-findings.ts';

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
