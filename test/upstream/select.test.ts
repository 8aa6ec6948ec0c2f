import { describe, expect, it } from 'vitest';
import { nothingChosen, selectReleases } from '../../upstream/select.ts';
import { release, tool } from '../kit/releases.ts';

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const published = (tag: string, number: number, changes = {}) => release(tag, { publishedAt: day(number), ...changes });

const RELEASES = [
  published('v1.2.0', 3),
  published('v2.0.0-rc.1', 9, { prerelease: true }),
  published('v1.10.0', 8),
  published('v1.9.1', 7),
  published('nightly', 6),
  published('v3.0.0', 10, { draft: true, publishedAt: undefined }),
  published('cli/v0.4.0', 5),
];

function tags(...lines: string[]): string[] {
  return selectReleases(RELEASES, tool(...lines)).map(({ tag }) => tag);
}

describe('select', () => {
  it('latest is the newest by its published date, no draft, no prerelease', () => {
    expect(tags('')).toEqual(['v1.10.0']);
  });

  it('latest may be a prerelease where they are wanted, never a draft', () => {
    expect(tags('[release]', 'prerelease = true')).toEqual(['v2.0.0-rc.1']);
  });

  it('latest is the highest version, whatever was published after it for an older one', () => {
    const backport = [published('cli/v2.0.0', 1), published('cli/v1.9.9', 2), published('cli/v1.9.10', 3)];
    const latest = (...lines: string[]) => selectReleases(backport, tool('[release]', ...lines)).map(({ tag }) => tag);
    expect(latest('tag-prefix = cli/')).toEqual(['cli/v2.0.0']);
    expect(latest('tag-prefix = cli/', 'select = latest:2')).toEqual(['cli/v1.9.10', 'cli/v1.9.9']);
  });

  it('latest is the highest version where beginnings differ in case only', () => {
    const renamed = [published('z3-4.12.0', 1), published('Z3-4.8.9', 2)];
    expect(selectReleases(renamed, tool('')).map(({ tag }) => tag)).toEqual(['z3-4.12.0']);
  });

  it('latest is the one published last where versions can not be compared', () => {
    const [date, number] = [published('v2023.04.01', 1), published('v1.0.0', 2)];
    expect(selectReleases([date, number], tool('[release]', 'tag-prefix = v')).map(({ tag }) => tag)).toEqual([
      'v1.0.0',
    ]);
  });

  it('a range has as many numbers as the tags', () => {
    const four = [published('8.1.0.6389', 1), published('8.1.0.6388', 2), published('8.2.0.1', 3)];
    expect(selectReleases(four, tool('[release]', 'select = ~8.1.0.6389')).map(({ tag }) => tag)).toEqual([
      '8.1.0.6389',
    ]);
  });

  it('latest:3 is the three that were published last', () => {
    expect(tags('[release]', 'select = latest:3')).toEqual(['v1.10.0', 'v1.9.1', 'nightly']);
  });

  it('all is every published one, newest first', () => {
    expect(tags('[release]', 'select = all')).toEqual(['v1.10.0', 'v1.9.1', 'nightly', 'cli/v0.4.0', 'v1.2.0']);
  });

  it('a range reads the tag from its first digit on; a tag without one is in no range', () => {
    expect(tags('[release]', 'select = >=1.9')).toEqual(['v1.10.0', 'v1.9.1']);
    expect(tags('[release]', 'select = *')).toEqual(['v1.10.0', 'v1.9.1', 'cli/v0.4.0', 'v1.2.0']);
  });

  it('a tag-prefix leaves out all others', () => {
    expect(tags('[release]', 'tag-prefix = cli/')).toEqual(['cli/v0.4.0']);
    expect(tags('[release]', 'tag-prefix = v', 'select = <1.5')).toEqual(['v1.2.0']);
  });

  it('a tag-prefix is followed by a version', () => {
    const charts = ['prometheus-27.5.0', 'prometheus-adapter-4.11.0', 'prometheus-operator-crds-18.0.0'];
    const releases = charts.map((tag, i) => published(tag, i + 1));
    const chosen = selectReleases(releases, tool('[release]', 'tag-prefix = prometheus-'));
    expect(chosen.map(({ tag }) => tag)).toEqual(['prometheus-27.5.0']);
  });

  it('tag:… takes exactly these, a prerelease too, a draft never', () => {
    expect(tags('[release]', 'select = tag:v2.0.0-rc.1,v1.2.0,v3.0.0,v9')).toEqual(['v2.0.0-rc.1', 'v1.2.0']);
  });

  it("whether it is a prerelease is for the release's flag to say, not for its version", () => {
    const k3s = [published('v1.31.4-k3s1', 2), published('v1.32.0-rc1', 3, { prerelease: true })];
    const range = tool('[release]', 'select = ^1.31');
    expect(selectReleases(k3s, range).map(({ tag }) => tag)).toEqual(['v1.31.4-k3s1']);
  });

  it('a prerelease of the next major version is not below it', () => {
    const range = tool('[release]', 'select = <2', 'prerelease = true');
    expect(selectReleases([published('v2.0.0-rc.1', 1)], range)).toEqual([]);
  });

  it('a release that paging gave twice is one', () => {
    const one = published('v1', 1);
    expect(selectReleases([one, one], tool('[release]', 'select = all'))).toHaveLength(1);
  });
});

describe('select that chose nothing', () => {
  it('is a warning where a release has been there for 30 days, and says where to look', () => {
    const passed = [published('cli/v1', 1), published('cli/v2', 20)];
    expect(nothingChosen(passed, day(40))[0]).toContain('tag-prefix');
    expect(nothingChosen(passed, day(40))[0]).toContain('cli/v2');
    expect(nothingChosen(passed, day(25))).toEqual([]);
    expect(nothingChosen([], day(40))).toEqual([]);
  });
});
