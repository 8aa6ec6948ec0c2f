import { describe, expect, it } from 'vitest';
import { decideAge, planRelease } from '../../executor/plan.ts';
import type { Decision } from '../../executor/plan.ts';
import type { Standing } from '../../proposals/standing.ts';
import type { Release } from '../../github/types.ts';
import { asset, release, tool } from '../kit/releases.ts';

const NOW = new Date('2026-02-01T00:00:00Z');

function plan(of: Release, lines: string[] = [], standing: Standing = { kind: 'none' }, pulls = true): Decision {
  return planRelease({ release: of, definition: tool(...lines), standing, pulls, now: NOW });
}

function names(decision: Decision): string[] {
  return decision.action === 'propose' ? decision.files.map(({ name }) => name) : [decision.action];
}

function failure(decision: Decision): string | undefined {
  return decision.action === 'failed' ? decision.error.code : undefined;
}

describe('the plan for a release', () => {
  it('that is new proposes every asset', () => {
    const decision = plan(release('v1'));
    expect(decision).toMatchObject({ action: 'propose', reason: 'it is new', left: [], warnings: [] });
    expect(names(decision)).toEqual(['a', 'b']);
  });

  it('that the ledger holds does nothing, whatever its age', () => {
    expect(plan(release('v1'), ['[release]', 'min-age = 90d'], { kind: 'recorded' }).action).toBe('held');
  });

  it('that an open proposal holds does nothing; without its pull request that is opened', () => {
    const open: Standing = { kind: 'proposed', branch: 'pullthrough/x', commit: 'c' };
    expect(plan(release('v1'), [], open, true).action).toBe('open');
    expect(plan(release('v1'), [], open, false).action).toBe('held');
    expect(plan(release('v1'), [], { ...open, pull: { number: 7, url: 'u' } })).toMatchObject({
      action: 'held',
      reason: 'pull request #7 proposes it',
    });
  });

  it('that a person closed is left alone and reported', () => {
    const closed: Standing = { kind: 'closed', branch: 'pullthrough/x', pull: { number: 7, url: 'u' } };
    expect(plan(release('v1'), [], closed)).toEqual({
      action: 'closed',
      reason: 'pull request #7 was closed unmerged',
    });
  });

  it('says that a branch without a valid sign is replaced', () => {
    expect(plan(release('v1'), [], { kind: 'none', replaces: { commit: 'c', nackedBy: [] } })).toMatchObject({
      action: 'propose',
      reason: 'the branch of its proposal has no valid sign, and is replaced',
    });
  });

  it('waits for the age of the newest of its published date and any asset', () => {
    const young = release('v1', { assets: [asset('a'), asset('z', { updatedAt: new Date('2026-01-31T00:00:00Z') })] });
    expect(plan(young, ['[release]', 'min-age = 2d', '[assets]', 'exclude[] = z'])).toMatchObject({
      action: 'waiting',
      until: new Date('2026-02-02T00:00:00Z'),
    });
    expect(plan(young, ['[release]', 'min-age = 1d']).action).toBe('propose');
  });

  it('waits for what was signed later than upstream says that it was published, by a clock that is not upstream’s', () => {
    const day = 86_400_000;
    const signed = new Date(NOW.getTime() - day);
    const old = release('v1');
    expect(decideAge(old, 2 * day, NOW)).toBeUndefined();
    expect(decideAge(old, 2 * day, NOW, signed)).toMatchObject({ action: 'waiting' });
    expect(decideAge(old, day, NOW, signed)).toBeUndefined();
    expect(decideAge(old, 0, NOW, NOW)).toBeUndefined();
  });

  it('does not wait without a min-age, though the clocks differ', () => {
    expect(plan(release('v1', { publishedAt: new Date('2026-02-01T00:05:00Z') })).action).toBe('propose');
  });

  it('waits for an unfinished upload, also of a file that the filters leave out', () => {
    const unfinished = release('v1', { assets: [asset('a'), asset('z', { state: 'starter' })] });
    expect(plan(unfinished, ['[assets]', 'exclude[] = z']).action).toBe('waiting');
  });

  it('says when no asset is left', () => {
    expect(plan(release('v1'), ['[assets]', 'exclude[] = *'])).toMatchObject({ action: 'nothing' });
    expect(plan(release('v1', { assets: [] }))).toEqual({ action: 'nothing', reason: 'it has no files' });
  });

  it('takes include[] first, then exclude[], and adds url[]', () => {
    const many = release('v3.8.0', { assets: ['x.deb', 'x.tgz', 'y.tgz', 'z.tgz.asc'].map((name) => asset(name)) });
    const decision = plan(many, [
      '[assets]',
      'include[] = x*',
      'include[] = *.asc',
      'exclude[] = *.deb',
      'url[] = https://get.helm.sh/helm-{tag}-{version}.tar.gz',
    ]);
    expect(names(decision)).toEqual(['x.tgz', 'z.tgz.asc', 'helm-v3.8.0-3.8.0.tar.gz']);
    expect(decision).toMatchObject({ left: ['x.deb', 'y.tgz'] });
  });

  it('lets no tag lead a URL elsewhere, and names the file by the decoded last segment', () => {
    const odd = release('cli/v1+x#?y', { assets: [] });
    const decision = plan(odd, ['[assets]', 'url[] = https://h.example/{tag}/f-{version}.zip']);
    expect(decision).toMatchObject({ action: 'failed', error: { code: 'E_NAME' } });
    const fine = plan(release('cli/v1+x', { assets: [] }), ['[assets]', 'url[] = https://h.example/{tag}/f-{version}']);
    expect(fine).toMatchObject({ files: [{ name: 'f-1+x', url: 'https://h.example/cli/v1%2Bx/f-1%2Bx' }] });
    for (const tag of ['a/../../v1', '..', 'v1/..', './v1']) {
      const out = plan(release(tag, { assets: [] }), ['[assets]', 'url[] = https://h.example/d/x{tag}/f']);
      expect(out).toMatchObject({ action: 'failed', error: { code: 'E_NAME' } });
    }
  });

  it('refuses {version} for a tag without a digit', () => {
    expect(failure(plan(release('nightly'), ['[assets]', 'url[] = https://h.example/f-{version}']))).toBe('E_NAME');
  });

  it.each([
    ['a name with a space', ['a b']],
    ['a path', ['../a']],
    ["the format's own name", ['checklist.json']],
    ['two names that differ in case only', ['A', 'a']],
    ['one name twice', ['a', 'a']],
    ['a device of Windows', ['NUL.txt']],
    ['a name that turns text around', ['a\u202egpj.exe']],
  ])('refuses %s, names it and says that exclude leaves it out', (_, list) => {
    const decision = plan(release('v1', { assets: list.map((name) => asset(name)) }));
    expect(failure(decision)).toBe('E_NAME');
    expect(decision).toMatchObject({ error: { hint: expect.stringContaining('exclude[]') as string } });
    const bad = list.at(-1) ?? '';
    const without = plan(release('v1', { assets: [...list.map((name) => asset(name)), asset('good')] }), [
      '[assets]',
      'include[] = good',
    ]);
    expect(names(without)).toEqual(['good']);
    expect(bad).not.toBe('good');
  });

  it.each([
    ['helm-v3.tar.gz.asc', 'helm-v3.tar.gz.sha256.asc', 'helm-v3.tar.gz.sha256sum'],
    ['SHA256SUMS', 'SHA256SUMS.sig'],
    ['checksums-v3.10.0_sha256.txt', 'x.pem', 'x.sigstore.json', 'x.intoto.jsonl', 'checksums.txt'],
  ])('warns where only signatures and digests are chosen: %s …', (...list) => {
    const decision = plan(release('v1', { assets: list.map((name) => asset(name)) }));
    expect(decision).toMatchObject({ action: 'propose', warnings: [expect.stringContaining('only signatures')] });
    const withFile = plan(release('v1', { assets: [...list, 'checksum-tool_linux'].map((name) => asset(name)) }));
    expect(withFile).toMatchObject({ warnings: [] });
  });

  it('refuses before any download when required evidence is not there', () => {
    const without = release('v1', { assets: [asset('a', { sha256: undefined })] });
    expect(failure(plan(without, ['[evidence]', 'require[] = github-digest']))).toBe('E_EVIDENCE');
    expect(failure(plan(release('v1'), ['[evidence]', 'require[] = checksums:*.txt']))).toBe('E_EVIDENCE');
    const huge = release('v1', { assets: [asset('a'), asset('sums.txt', { size: 2 ** 30 })] });
    expect(failure(plan(huge, ['[evidence]', 'require[] = checksums:*.txt']))).toBe('E_EVIDENCE');
    const external = ['[assets]', 'url[] = https://h.example/f', '[evidence]', 'require[] = github-digest'];
    expect(failure(plan(release('v1'), external))).toBe('E_EVIDENCE');
    expect(plan(release('v1'), ['[evidence]', 'require[] = github-digest']).action).toBe('propose');
  });
});
