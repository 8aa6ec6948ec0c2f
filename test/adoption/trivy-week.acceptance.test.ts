import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TOOL, TrivyWeek } from './trivy-week.ts';

// March 2026, as it was told: on the 1st, at 00:14, all releases of a scanner are deleted; at 00:27 its repository is renamed and
// another one takes its name. On the 19th a release by stolen credentials is up from 18:22 to 21:42 (GHSA-69fq-xp46-6x23).
// Here it stays up, and a reviewer is careless: the worst that can happen. docs/when.md tells it.
const download = (version: string): string => `/${TOOL}/releases/download/v${version}/trivy_${version}_Linux-64bit`;

test('releases vanish, a name is taken, a release lies: builds go on, and one nack reaches all', async () => {
  const week = await TrivyWeek.begin();
  const { upstream, made } = week;

  // 26 February: as always.
  await week.publish(upstream, '0.69.1', '02-24T10:00');
  await week.acknowledge('0.69.1', '02-26T10:00');
  await week.build('02-26T12:00', 0, 'lock', `${TOOL}@>=0.69`);

  // 1 March, 00:14: every release is gone. The executor says so; anyone who builds doesn't notice.
  upstream.removeRelease('v0.69.1');
  expect(await week.bot('03-01T00:20', 3, 'watch')).toContain(`${TOOL}@v0.69.1`);
  expect(await week.bot('03-01T00:20', 0, 'mirror')).toContain('upstream has no release any more');
  const goesOn = async (when: string): Promise<void> => {
    await week.build(when, 0, 'verify', `${TOOL}@v0.69.1`, '--evidence');
    await week.installs('v0.69.1', when, '0.69.1');
    await week.build(when, 0, 'lock', '--check');
    await week.build(when, 0, 'get', '--locked', '--output', `locked-${when.slice(0, 5)}`);
    expect((await week.served(download('0.69.1'), when)).status).toBe(200);
    expect(await week.site(when)).toMatchObject({ stamps: ['v0.69.1 listed'], served: ['v0.69.1'] });
  };
  await goesOn('03-01T00:21');

  // 00:27: it is renamed, and somebody else has its name, who releases a 0.69.2 with provenance of their own.
  made.github.rename(upstream, 'aquasecurity/private-trivy');
  upstream.private = true;
  const squatter = made.github.addRepository(TOOL);
  await week.publish(squatter, '0.69.2', '03-01T00:40', 'malware');
  expect(await week.bot('03-03T10:00', 3, 'watch')).toContain('E_REPOSITORY_CHANGED');
  expect(await week.bot('03-03T10:00', 3, 'mirror')).toContain('E_REPOSITORY_CHANGED');
  expect(made.branches()).toEqual([]);
  expect(await week.ada('03-03T10:00', 0, 'review')).not.toContain('v0.69.2');
  await goesOn('03-03T10:01');
  expect((await week.served(download('0.69.2'), '03-03T10:01')).status).toBe(404);

  // 4 March: its people have it back, under its number and its name, and what they release is looked at as ever.
  made.github.removeRepository(squatter);
  made.github.rename(upstream, TOOL);
  upstream.private = false;
  await week.publish(upstream, '0.69.2', '03-01T20:00');
  const seen = await week.acknowledge('0.69.2', '03-04T10:00', '--accept', 'previous-unread');
  expect(seen).toContain('upstream does not give the release v0.69.1');
  await week.installs('latest', '03-04T12:00', '0.69.2');

  // 19 March, 18:22: a release by stolen credentials, built by the right workflow. In March three hours were enough to see it.
  await week.publish(upstream, '0.69.4', '03-19T18:22', 'malware');
  expect(await week.bot('03-19T18:30', 0, 'mirror')).toContain('it is too young until 2026-03-20T18:22:00Z');
  expect(made.branches()).toEqual([]);
  await week.installs('latest', '03-19T21:00', '0.69.2');

  // Here nobody does within a day; its provenance is right, and so is everything that a machine can check.
  expect(await week.acknowledge('0.69.4', '03-20T19:00')).toContain('checked again: https://slsa.dev/provenance/v1');
  await week.installs('latest', '03-20T20:00', '0.69.4');
  await week.build('03-20T20:00', 0, 'lock', '--update');
  expect((await week.served(download('0.69.4'), '03-20T20:00')).status).toBe(200);
  const before = await week.site('03-20T20:00');
  expect(before.stamps).toEqual(['v0.69.1 listed', 'v0.69.2 listed', 'v0.69.4 listed']);
  expect(before.renovate).toContain('v0.69.4');

  // 21 March: the news. One nack, and nobody gets it any more.
  upstream.removeRelease('v0.69.4');
  expect(await week.bot('03-21T09:00', 3, 'watch')).toContain(`${TOOL}@v0.69.4`);
  const why = 'GHSA-69fq-xp46-6x23: it steals credentials';
  await week.ada('03-21T09:30', 0, 'nack', `${TOOL}@v0.69.4`, '--reason', why, '--yes', '--key', 'ada.key');
  await week.ada('03-21T09:30', 0, 'ledger', 'merge');
  const after = '03-21T09:31';
  expect(await week.build(after, 3, 'verify', `${TOOL}@v0.69.4`)).toContain(why);
  expect(await week.build(after, 3, 'get', `${TOOL}@v0.69.4`, '--output', 'never')).toContain('E_WITHDRAWN');
  expect(existsSync(join(week.folder, 'never'))).toBe(false);
  expect(await week.build(after, 3, 'lock', '--check')).toContain('v0.69.4');
  expect(await week.build(after, 3, 'verify', '--all', 'bin-0320T2000')).toContain('withdrawn');
  expect(await week.build(after, 3, 'audit', 'pullthrough.lock')).toContain('withdrawn');
  expect(await week.served(download('0.69.4'), after)).toMatchObject({
    status: 410,
    text: expect.stringContaining(why) as string,
  });
  expect(await week.bot(after, 0, 'mirror')).not.toContain('proposed');
  const site = await week.site(after);
  expect(site.stamps).toEqual(['v0.69.1 listed', 'v0.69.2 listed', 'v0.69.4 yanked']);
  expect(site.reasons).toEqual([`${why} (withdrawn by ada)`]);
  expect(site.served).toEqual(['v0.69.1', 'v0.69.2']);
  expect(site.sequence).toBeGreaterThan(before.sequence);
  expect(site.page).toMatch(/v0\.69\.4<[^]*?Withdrawn<[^]*?it steals credentials/);
  expect(site.feed).toMatch(/withdrawn[^]*?v0\.69\.4/i);
  expect(site.renovate).not.toContain('v0.69.4');

  // And builds go on with what was good all along.
  await week.installs('latest', after, '0.69.2');
  await week.build(after, 0, 'lock', '--update');
  await week.build(after, 0, 'lock', '--check');
});
