import { beforeAll, describe, expect, test } from 'vitest';
import { listPath, makeStamps } from '../../../consumer/stamps/make-stamps.ts';
import type { StampContext, StampProject, ToolStamps } from '../../../consumer/stamps/make-stamps.ts';
import type { StampRecord } from '../../../consumer/stamps/record.ts';
import type { StampSigner } from '../../../consumer/stamps/signer.ts';
import { sha256Hex } from '../../../ledger-schema/index.ts';
import {
  folderWith,
  newStampSigner,
  releaseOf,
  stampAsset,
  stampContext,
  stampRecord,
  statementOf,
} from '../../kit/stamps.ts';

const jq = { source: 'github.com', repository: 'jqlang/jq' };
const LIST = '.well-known/packslip/github.com/jqlang/jq.json';
let signer: StampSigner;

beforeAll(async () => {
  ({ signer } = await newStampSigner());
});

/** Makes stamps into a folder that has these files. */
async function make(
  records: readonly StampRecord[],
  folder: ReadonlyMap<string, Uint8Array> = new Map(),
  changes: Partial<StampContext> = {},
): Promise<{ stamps: ToolStamps | undefined; folder: Map<string, Uint8Array> }> {
  const before = (path: string) => Promise.resolve(folder.get(path));
  const stamps = await makeStamps(jq, records, stampContext(signer, { before, ...changes }));
  return { stamps, folder: folderWith(stamps, folder) };
}

describe('a release list', () => {
  test('lists what is acknowledged, by packslips that are served, with the ledger’s number and the policy’s end', async () => {
    const { folder } = await make([stampRecord('jq-1.7.1'), stampRecord('jq-1.8.0')]);
    const { predicate, subject, predicateType } = statementOf(folder.get(LIST));
    expect(predicateType).toBe('https://packslip.dev/releases/v1');
    expect(predicate).toMatchObject({
      project: 'github.com/jqlang/jq',
      sequence: 42,
      generated_at: '2026-03-02T00:00:00Z',
      expires_at: '2027-03-01T00:00:00Z',
      identity: signer.identity,
    });
    expect(predicate.releases.map(({ version, tag, status }) => [version, tag, status])).toEqual([
      ['1.7.1', 'jq-1.7.1', undefined],
      ['1.8.0', 'jq-1.8.0', undefined],
    ]);
    for (const { packslip, version, published_at } of predicate.releases) {
      const bytes = folder.get(packslip.replace('https://releases.acme.example/', ''));
      const digest = subject.find(({ name }) => name === packslip)?.digest.sha256;
      expect(sha256Hex(bytes ?? new Uint8Array())).toBe(digest);
      const release = releaseOf(bytes).predicate;
      expect(release).toMatchObject({ version, published_at, attested_by: 'repackager', project: predicate.project });
      expect(release.artifacts.map(({ name }) => name)).toEqual(['jq-linux-amd64', 'jq-macos-arm64']);
    }
  });

  test('says that a withdrawn release is yanked, and why, pins what it pinned, and serves it no more', async () => {
    const before = await make([stampRecord('jq-1.7.1'), stampRecord('jq-1.8.0')]);
    const nacked = stampRecord('jq-1.8.0', { state: 'withdrawn', nacks: ['linus'], reason: 'upstream was taken over' });
    const after = await make([stampRecord('jq-1.7.1'), nacked], before.folder, { height: 44 });
    const { predicate, subject } = statementOf(after.folder.get(LIST));
    const [good, yanked] = predicate.releases;
    expect(predicate.sequence).toBe(44);
    expect(good?.status).toBeUndefined();
    expect(yanked).toMatchObject({ status: 'yanked', status_reason: 'upstream was taken over (withdrawn by linus)' });
    const old = statementOf(before.folder.get(LIST));
    expect(yanked?.packslip).toBe(old.predicate.releases[1]?.packslip);
    expect(subject).toEqual(old.subject);
    expect([...after.folder.keys()].filter((path) => path.includes('1.8.0'))).toEqual([]);
    expect([...after.folder.keys()].filter((path) => path.includes('1.7.1'))).toHaveLength(1);
  });

  test('of a release that was never listed says so too, and no packslip of it is signed into the folder', async () => {
    const nacked = stampRecord('jq-1.8.0', {
      state: 'withdrawn',
      nacks: ['linus', 'ada'],
      acks: [],
      assets: [stampAsset('x.txt')],
    });
    const { folder } = await make([nacked]);
    expect([...folder.keys()]).toEqual([LIST]);
    expect(statementOf(folder.get(LIST)).predicate.releases).toMatchObject([
      { version: '1.8.0', status: 'yanked', status_reason: 'withdrawn by ada, linus' },
    ]);
  });

  test('leaves out tags that are no semantic version, several of one version, and what says for no system', async () => {
    const { stamps, folder } = await make([
      stampRecord('nightly'),
      stampRecord('v1.6'),
      stampRecord('jq-1.6.0'),
      stampRecord('jq-1.7.0', { assets: [stampAsset('jq.tar.gz.asc')] }),
      stampRecord('jq-1.7.1'),
    ]);
    expect(statementOf(folder.get(LIST)).predicate.releases.map(({ tag }) => tag)).toEqual(['jq-1.7.1']);
    expect(stamps?.leftOut.map(({ tag }) => tag).sort()).toEqual(['jq-1.6.0', 'jq-1.7.0', 'nightly', 'v1.6']);
  });

  test('of two tags of one version, one of them withdrawn, offers neither', async () => {
    const { folder } = await make([
      stampRecord('v1.6', { state: 'withdrawn', nacks: ['ada'] }),
      stampRecord('jq-1.6.0'),
    ]);
    expect(statementOf(folder.get(LIST)).predicate.releases).toEqual([]);
    expect(statementOf(folder.get(LIST)).subject.map(({ name }) => name)).toEqual(['_']);
  });

  test('that would say the same stays as it was, byte for byte, and so do its packslips', async () => {
    const first = await make([stampRecord('jq-1.7.1')]);
    const later = { height: 50, now: new Date('2026-04-01T00:00:00Z') };
    const second = await make([stampRecord('jq-1.7.1')], first.folder, later);
    expect(second.folder).toEqual(first.folder);
    expect(second.stamps?.packslips.size).toBe(0);
    const third = await make([stampRecord('jq-1.7.1'), stampRecord('jq-1.8.0')], second.folder, later);
    expect(third.stamps?.packslips.size).toBe(1);
    expect(statementOf(third.folder.get(LIST)).predicate.sequence).toBe(50);
  });

  test('that differs from the one before has a higher number, though the ledger is the same', async () => {
    const first = await make([stampRecord('jq-1.7.1')]);
    const second = await make([stampRecord('jq-1.7.1'), stampRecord('jq-1.8.0')], first.folder);
    const third = await make([stampRecord('jq-1.7.1')], second.folder);
    const numbers = [first, second, third].map(({ folder }) => statementOf(folder.get(LIST)).predicate.sequence);
    expect(numbers).toEqual([42, 43, 44]);
    const next = await make([stampRecord('jq-1.8.0')], third.folder, { height: 43 });
    expect(statementOf(next.folder.get(LIST)).predicate.sequence).toBe(45);
    const later = await make([stampRecord('jq-1.7.1')], next.folder, { height: 50 });
    expect(statementOf(later.folder.get(LIST)).predicate.sequence).toBe(50);
    // An older ledger is still one: the height that a list was made at is in it.
    await expect(make([stampRecord('jq-1.7.1')], next.folder, { height: 42 })).toFailWith('E_ROLLBACK');
  });

  test('ends before the policy does where keys that it counts on expire', async () => {
    const soon = new Date('2026-05-01T00:00:00Z');
    const of = async (...records: StampRecord[]) =>
      statementOf((await make(records)).folder.get(LIST)).predicate.expires_at;
    expect(await of(stampRecord('jq-1.7.1', { goodUntil: soon }), stampRecord('jq-1.8.0'))).toBe(
      '2026-05-01T00:00:00Z',
    );
    expect(await of(stampRecord('jq-1.7.1', { goodUntil: new Date('2028-01-01T00:00:00Z') }))).toBe(
      '2027-03-01T00:00:00Z',
    );
    const gone = stampRecord('jq-1.7.1', { goodUntil: soon, state: 'withdrawn', nacks: ['ada'] });
    expect(await of(gone, stampRecord('jq-1.8.0'))).toBe('2027-03-01T00:00:00Z');
  });

  test('of a tool that a repository releases beside others has its own tags alone', async () => {
    const records = ['jq-1.7.1', 'cli/v1.0.0', 'gui_v2.0.0'].map((tag) => stampRecord(tag));
    const context = stampContext(signer);
    const tags = async (project: StampProject) => {
      const stamps = await makeStamps(project, records, context);
      const { predicate } = statementOf(stamps?.list.bytes);
      return [stamps?.list.path, predicate.project, ...predicate.releases.map(({ tag }) => tag)];
    };
    expect(await tags(jq)).toEqual([LIST, 'github.com/jqlang/jq', 'jq-1.7.1']);
    expect(await tags({ ...jq, subpath: 'cli' })).toEqual([
      '.well-known/packslip/github.com/jqlang/jq/cli.json',
      'github.com/jqlang/jq/cli',
      'cli/v1.0.0',
    ]);
  });

  test('is made again, the packslip too, where what it leads to was changed or lost on the disk', async () => {
    const first = await make([stampRecord('jq-1.7.1')]);
    const [path = ''] = [...first.folder.keys()].filter((each) => each.startsWith('packslip/'));
    for (const folder of [
      new Map([...first.folder, [path, Buffer.from('{}')]]),
      new Map([...first.folder].filter(([each]) => each !== path)),
      new Map([...first.folder, [LIST, Buffer.from('{}')]]),
      new Map<string, Uint8Array>(),
    ]) {
      const again = await make([stampRecord('jq-1.7.1')], folder);
      expect(again.folder.get(LIST)).toEqual(first.folder.get(LIST));
      expect(again.folder.get(path)).toEqual(first.folder.get(path));
    }
  });

  test('of which nothing is left says so, empty and with a higher number, and stays so', async () => {
    const first = await make([stampRecord('jq-1.7.1')]);
    const second = await make([], first.folder, { height: 43 });
    expect([...second.folder.keys()]).toEqual([LIST]);
    expect(statementOf(second.folder.get(LIST)).predicate).toMatchObject({ sequence: 43, releases: [] });
    const third = await make([], second.folder, { height: 44 });
    expect(third.folder).toEqual(second.folder);
  });

  test('shows a reason that would move a terminal, and moves none', async () => {
    const nacked = stampRecord('jq-1.8.0', { state: 'withdrawn', nacks: ['ada'], reason: 'bad\u001b[2J\u202e' });
    const { folder } = await make([nacked]);
    expect(statementOf(folder.get(LIST)).predicate.releases[0]?.status_reason).toBe(
      'bad\\u{1b}[2J\\u{202e} (withdrawn by ada)',
    );
  });

  test('by somebody else that lies in the folder is no memory of ours', async () => {
    const other = await newStampSigner();
    const forged = await makeStamps(jq, [stampRecord('jq-6.6.6')], stampContext(other.signer));
    const { folder } = await make(
      [stampRecord('jq-6.6.6', { state: 'withdrawn', nacks: ['ada'] }), stampRecord('jq-1.7.1')],
      folderWith(forged),
    );
    const list = statementOf(folder.get(LIST));
    const theirs = statementOf(forged?.list.bytes).predicate.releases[0]?.packslip;
    expect(list.predicate.releases.map(({ packslip }) => packslip)).not.toContain(theirs);
    expect(list.predicate.identity).toEqual(signer.identity);
  });

  test('never goes back: an older ledger than the one that the folder’s list is of is refused', async () => {
    const { folder } = await make([stampRecord('jq-1.7.1')]);
    await expect(make([stampRecord('jq-1.7.1')], folder, { height: 41 })).toFailWith('E_ROLLBACK');
    const other = await newStampSigner();
    const before = (path: string) => Promise.resolve(folder.get(path));
    await expect(
      makeStamps(jq, [stampRecord('jq-1.7.1')], stampContext(other.signer, { height: 41, before })),
    ).toFailWith('E_ROLLBACK');
  });

  test('by another key, or at another address, leads to packslips by that key at that address', async () => {
    const first = await make([stampRecord('jq-1.7.1')]);
    const moved = await make([stampRecord('jq-1.7.1')], first.folder, { baseUrl: 'https://other.example/x' });
    const { releases } = statementOf(moved.folder.get(LIST)).predicate;
    expect(releases[0]?.packslip).toMatch(/^https:\/\/other\.example\/x\/packslip\/github\.com\/jqlang\/jq\/1\.7\.1\./);
    const other = await newStampSigner();
    const before = (path: string) => Promise.resolve(first.folder.get(path));
    const rotated = await makeStamps(jq, [stampRecord('jq-1.7.1')], stampContext(other.signer, { before }));
    for (const bytes of [rotated?.list.bytes, ...(rotated?.packslips.values() ?? [])]) {
      expect(await other.signer.signed(bytes ?? new Uint8Array())).toBe(true);
    }
    expect(rotated?.packslips.size).toBe(1);
  });
});

describe('a vendor’s packslip that was kept', () => {
  const bytes = Buffer.from('{"the":"vendor’s"}');
  const vendor = { bytes, sha256: sha256Hex(bytes), publishedAt: '2026-02-27T08:00:00Z', beyond: false };

  test('is the one that is listed, as it is, and its time with it', async () => {
    const { folder } = await make([stampRecord('jq-1.7.1')], new Map(), { vendor: () => Promise.resolve(vendor) });
    const { subject, predicate } = statementOf(folder.get(LIST));
    expect(subject[0]?.digest.sha256).toBe(vendor.sha256);
    expect(predicate.releases[0]?.published_at).toBe(vendor.publishedAt);
    const [path = ''] = [...folder.keys()].filter((each) => each.startsWith('packslip/'));
    expect(folder.get(path)).toEqual(bytes);
  });

  test('that speaks of files which nobody acknowledged is not listed: ours is, of the others, and says of it', async () => {
    const { folder } = await make([stampRecord('jq-1.7.1')], new Map(), {
      vendor: () => Promise.resolve({ ...vendor, beyond: true }),
    });
    const [path = ''] = [...folder.keys()].filter((each) => each.startsWith('packslip/'));
    expect(releaseOf(folder.get(path)).predicate).toMatchObject({
      attested_by: 'repackager',
      evidence: [
        { kind: 'pullthrough', detail: 'acknowledged by ada, grace' },
        { kind: 'vendor-packslip', detail: vendor.sha256 },
      ],
    });
  });

  test('that could not be read is looked for each time, and nothing is signed again until it is there', async () => {
    let signed = 0;
    const counting: StampSigner = { ...signer, repeatable: false, sign: (bytes) => (signed++, signer.sign(bytes)) };
    const unread = { signer: counting, vendor: () => Promise.resolve('unread' as const) };
    const first = await make([stampRecord('jq-1.7.1')], new Map(), unread);
    expect(signed).toBe(2);
    const second = await make([stampRecord('jq-1.7.1')], first.folder, unread);
    expect(signed).toBe(2);
    expect(second.folder).toEqual(first.folder);
    const third = await make([stampRecord('jq-1.7.1')], second.folder, { vendor: () => Promise.resolve(vendor) });
    expect(statementOf(third.folder.get(LIST)).subject[0]?.digest.sha256).toBe(vendor.sha256);
  });

  test('is asked for once, and not at all for what was withdrawn', async () => {
    let asked = 0;
    const count = () => {
      asked += 1;
      return Promise.resolve(vendor);
    };
    const first = await make([stampRecord('jq-1.7.1')], new Map(), { vendor: count });
    const second = await make([stampRecord('jq-1.7.1')], first.folder, { vendor: count });
    expect(second.folder).toEqual(first.folder);
    const nacked = stampRecord('jq-1.7.1', { state: 'withdrawn', nacks: ['ada'] });
    const third = await make([nacked], second.folder, { vendor: count });
    expect(asked).toBe(1);
    expect(statementOf(third.folder.get(LIST)).subject[0]?.digest.sha256).toBe(vendor.sha256);
    expect([...third.folder.keys()]).toEqual([LIST]);
  });
});

test('a repository of a name that packslip does not know has no list, and neither has one without a record', async () => {
  const tool = { source: 'github.com', repository: 'a/ü' };
  expect(await makeStamps(tool, [stampRecord('v1.0.0')], stampContext(signer))).toBeUndefined();
  expect(await makeStamps(jq, [], stampContext(signer))).toBeUndefined();
  expect(listPath(jq)).toBe(LIST);
});
