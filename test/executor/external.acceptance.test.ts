import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { reportError } from '../../io/error-report.ts';
import type { ReleaseResult } from '../../executor/result.ts';
import { parseChecklist } from '../../ledger-schema/checklist.ts';
import { makeCertificates } from '../servers/certificates.ts';
import { runMirror } from '../kit/processes/executor-child.ts';
import { digest } from '../kit/releases.ts';
import { actions, world } from '../kit/worlds/executor-world.ts';

const BRANCH = 'pullthrough/github.com/acme/tool/v1.0.0';

/** A tool whose binary lies on a host of upstream's own, behind TLS by a test CA. */
async function withHost(files: Record<string, string>) {
  const made = await world();
  const { caFile, key, cert } = await makeCertificates(made.folder);
  const server = createServer({ key, cert }, (request, response) => {
    const [path = '', target] = (request.url ?? '').split('?');
    if (target !== undefined) return void response.writeHead(302, { location: target }).end();
    const body = files[path];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const repository = made.github.addRepository('acme/tool');
  const release = await repository.addRelease({ tag: 'v1.0.0', assets: [{ name: 't.asc', content: 'signature' }] });
  const base = `https://localhost:${String((server.address() as AddressInfo).port)}`;
  const run = async () => {
    const { stdout, stderr } = await runMirror(made, {}, { NODE_EXTRA_CA_CERTS: caFile });
    expect(stderr).toBe('');
    return JSON.parse(stdout) as ReleaseResult[];
  };
  return { made, release, base, run };
}

// The first child waits for all of the project to be compiled.
describe('files that upstream hosts elsewhere', { timeout: 120_000 }, () => {
  it('are in the record with their URL, and in the store', async () => {
    const { made, base, run } = await withHost({ '/v1.0.0/t-1.0.0-linux.tgz': 'the program' });
    await made.tool('acme/tool', '[assets]', `url[] = ${base}/{tag}/t-{version}-linux.tgz`);
    expect(actions(await run())).toEqual(['v1.0.0 proposed']);
    const json = made.file(BRANCH, 'packages/github.com/acme/tool/v1.0.0/checklist.json');
    expect(parseChecklist(new TextEncoder().encode(`${json}\n`)).assets).toEqual([
      { name: 't-1.0.0-linux.tgz', size: 11, url: `${base}/v1.0.0/t-1.0.0-linux.tgz` },
      { name: 't.asc', size: 9 },
    ]);
    expect([...(await made.stored()).values()].sort()).toEqual(['signature', 'the program']);
  });

  it('are held against lists of digests, there and in the release', async () => {
    const { made, release, base, run } = await withHost({
      '/t.tgz': 'the program',
      '/t.tgz.sha512': digest('the program', 'sha512'),
    });
    const lines = ['[assets]', 'include[] = *.sha256', `url[] = ${base}/t.tgz`, `url[] = ${base}/t.tgz.sha512`];
    await release.addAsset({ name: 't.tgz.sha256', content: `${digest('another program')}\n` });
    await made.tool(
      'acme/tool',
      ...lines,
      '[evidence]',
      'require[] = checksums:*.sha256',
      'require[] = checksums:*.sha512',
    );
    expect(actions(await run())).toEqual(['v1.0.0 failed E_EVIDENCE']);
    await made.tool('acme/tool', ...lines, '[evidence]', 'require[] = checksums:t.tgz.sha*');
    expect(actions(await run())).toEqual(['v1.0.0 failed E_DIGEST_MISMATCH']);
    await release.replaceAsset('t.tgz.sha256', `${digest('the program')}\n`);
    expect(actions(await run())).toEqual(['v1.0.0 proposed']);
    expect(made.git(['log', '-1', '--format=%b', BRANCH])).toContain('t.tgz.sha512 (sha512): equal for 1 of 3 files');
  });

  it('are E_IO where they cannot be kept on their way', async () => {
    const { made, base } = await withHost({});
    await made.tool('acme/tool', '[assets]', `url[] = ${base}/t.tgz`);
    await mkdir(join(made.folder, 'cache'));
    await writeFile(join(made.folder, 'cache', 'spool'), 'no folder');
    expect(actions(await made.mirror())).toEqual(['v1.0.0 failed E_IO']);
    const unread: unknown = await readFile(join(made.folder, 'gone')).catch((error: unknown) => error);
    expect(reportError(unread)).toMatchObject({ code: 'E_IO', message: expect.stringContaining('gone') as string });
  });

  it('leave nothing of a run that was killed a day ago where they are kept', async () => {
    const made = await world();
    const spool = join(made.folder, 'cache', 'spool');
    await mkdir(spool, { recursive: true });
    const names = ['old.spool', 'new.spool', `.pullthrough-${'0'.repeat(24)}.part`, 'notes.txt'];
    for (const name of names) await writeFile(join(spool, name), 'x');
    const old = new Date(Date.now() - 90_000_000);
    for (const name of names.filter((each) => each !== 'new.spool')) await utimes(join(spool, name), old, old);
    await made.mirror();
    expect((await readdir(spool)).sort()).toEqual(['new.spool', 'notes.txt']);
  });

  it('are not fetched from inside, where their host leads to', async () => {
    const { made, base, run } = await withHost({ '/t.tgz': 'the program' });
    const inside = await withHost({ '/secret': 'an internal document' });
    await made.tool('acme/tool', '[assets]', `url[] = ${base}/to?${inside.base}/secret`);
    expect(actions(await run())).toEqual(['v1.0.0 failed E_HTTP']);
    expect(made.branches()).toEqual([]);
    expect([...(await made.stored()).values()]).not.toContain('an internal document');
  });

  it('that are not there fail the release', async () => {
    const { made, base, run } = await withHost({});
    await made.tool('acme/tool', '[assets]', `url[] = ${base}/t.tgz`);
    expect(actions(await run())).toEqual(['v1.0.0 failed E_UPSTREAM_NOT_FOUND']);
    expect(made.branches()).toEqual([]);
  });
});
