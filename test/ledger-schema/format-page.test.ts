import { beforeAll, describe, expect, test } from 'vitest';
import { encodeChecklist, parseChecklist } from '../../ledger-schema/checklist.ts';
import type { Checklist } from '../../ledger-schema/checklist.ts';
import type { ErrorCode } from '../../ledger-schema/error.ts';
import { canonicalJson } from '../../ledger-schema/json.ts';
import { parseLedgerPath } from '../../ledger-schema/names/layout.ts';
import { parseRecordPath } from '../../ledger-schema/names/path.ts';
import { encodePolicy, parsePolicy } from '../../ledger-schema/policy.ts';
import type { Policy } from '../../ledger-schema/policy.ts';
import { encodeSeal, parseSeal } from '../../ledger-schema/seal.ts';
import { parseSums } from '../../ledger-schema/sums.ts';
import { utf8 } from '../../ledger-schema/bytes.ts';
import { establishTrust } from '../../ledger-schema/trust.ts';
import { verifyRecord } from '../../ledger-schema/record.ts';
import { codeThrown } from '../matchers.ts';
import { policyOf, putPolicy, putRecord } from '../kit/ledger/ledger-tree.ts';
import { person } from '../kit/ledger/people.ts';
import type { Tree } from '../kit/ledger/ledger-tree.ts';
import type { Person } from '../kit/ledger/people.ts';
import { memoryFiles, memoryRecord } from './memory-files.ts';

// A good and a bad case for what docs/ledger-format.md says in one sentence, where two implementations could differ.

const GOOD = 'nothing was thrown';
type Row = readonly [what: string, input: string, outcome: ErrorCode | typeof GOOD];
const FPR = 'A'.repeat(40);

describe('paths', () => {
  const at = (segments: string): string => `packages/${segments}`;
  const host = (labels: number, length: number): string => Array(labels).fill('a'.repeat(length)).join('.');
  test.each<Row>([
    ['a segment decodes to UTF-8', at('github.com/a/b/%C3%A4'), GOOD],
    ['a segment decodes to nothing else', at('github.com/a/b/%E4'), 'E_PATH'],
    ['a segment has one spelling', at('github.com/a/b/%61'), 'E_PATH'],
    ['hex is upper-case', at('github.com/a/b/%c3%a4'), 'E_PATH'],
    ['a label has 63 bytes', at(`${host(1, 63)}.com/a/b/c`), GOOD],
    ['a label has no more', at(`${host(1, 64)}.com/a/b/c`), 'E_PATH'],
    ['a host has 253 bytes', at(`${host(3, 63)}.${'a'.repeat(61)}/a/b/c`), GOOD],
    ['a host has no more', at(`${host(3, 63)}.${'a'.repeat(62)}/a/b/c`), 'E_PATH'],
    ['a host has no port', at('github.com%3A443/a/b/c'), 'E_PATH'],
    ['a host is lower-case', at('GitHub.com/a/b/c'), 'E_PATH'],
    ['an owner holds no slash', at('github.com/a%2Fx/b/c'), 'E_PATH'],
    ['a repo holds no slash', at('github.com/a/b%2Fx/c'), 'E_PATH'],
    ['a tag may hold slashes', at('github.com/a/b/c%2Fd'), GOOD],
    ['a tag may hold control characters', at('github.com/a/b/%0A%00%1B'), GOOD],
    ['a device name is encoded', at('github.com/a/b/%6Eul.1'), GOOD],
    ['a device name does not stand as it is', at('github.com/a/b/nul.1'), 'E_PATH'],
  ])('%s', async (_, path, outcome) => {
    expect(await codeThrown(() => parseRecordPath(path))).toBe(outcome);
  });

  test.each<Row>([
    ['N has 9 digits', 'trust/999999999.policy.json', GOOD],
    ['N has no more', 'trust/1000000000.policy.json', 'E_PATH'],
    ['N has no leading zero', 'trust/01.policy.json', 'E_PATH'],
    ['N is not 0', 'trust/0.policy.json', 'E_PATH'],
  ])('%s', async (_, path, outcome) => {
    expect(await codeThrown(() => parseLedgerPath(path))).toBe(outcome);
  });
});

describe('checklist.json', () => {
  const checklist: Checklist = {
    format: 1,
    ledger: 'a'.repeat(32),
    source: 'github.com',
    repository: 'a/b',
    repositoryId: 1,
    tag: 'v1',
    commit: 'c'.repeat(40),
    assets: [{ name: 'x', size: 0 }],
  };
  const parse = (change: object): Promise<string> =>
    codeThrown(() => parseChecklist(canonicalJson({ ...checklist, ...change })));
  const named = (...names: string[]): object => ({ assets: names.map((name) => ({ name, size: 1 })) });
  const url = (text: unknown): object => ({ assets: [{ name: 'x', size: 1, url: text }] });

  test.each<readonly [string, object, ErrorCode | typeof GOOD]>([
    ['repositoryId is 1', { repositoryId: 1 }, GOOD],
    ['repositoryId is not 0', { repositoryId: 0 }, 'E_CHECKLIST'],
    ['repositoryId is 2^53 - 1', { repositoryId: Number.MAX_SAFE_INTEGER }, GOOD],
    ['repositoryId is no more', { repositoryId: Number.MAX_SAFE_INTEGER + 1 }, 'E_CHECKLIST'],
    ['a size is 2^53 - 1', { assets: [{ name: 'x', size: Number.MAX_SAFE_INTEGER }] }, GOOD],
    ['a size is no more', { assets: [{ name: 'x', size: Number.MAX_SAFE_INTEGER + 1 }] }, 'E_CHECKLIST'],
    ['a size is an integer', { assets: [{ name: 'x', size: 1.5 }] }, 'E_CHECKLIST'],
    ['there is an asset', { assets: [] }, 'E_CHECKLIST'],
    ['a url is https', url('https://a.example:8443/x?y=%20#z'), GOOD],
    ['a url is not http', url('http://a.example/x'), 'E_CHECKLIST'],
    ['a url has no user', url('https://u@a.example/x'), 'E_CHECKLIST'],
    ['a url has no password', url('https://u:p@a.example/x'), 'E_CHECKLIST'],
    ['a url is printable ASCII', url('https://a.example/ä'), 'E_CHECKLIST'],
    ['a url has no space', url('https://a.example/a b'), 'E_CHECKLIST'],
    ['a url parses', url('https://a.example:99999/'), 'E_CHECKLIST'],
    ['a url has 4096 bytes', url(`https://a.example/${'a'.repeat(4096 - 18)}`), GOOD],
    ['a url has no more', url(`https://a.example/${'a'.repeat(4097 - 18)}`), 'E_CHECKLIST'],
    ["a name is not the format's own", named('checklist.txt'), 'E_ASSET_NAME'],
    ["a name is not the format's own after folding", named('CHECKLIST.JSON'), 'E_COLLISION'],
    ['a name after folding that is not one of them is good', named('CHECKLIST.TXT'), GOOD],
    ['names differ after folding', named('A', 'b'), GOOD],
    ['names that are equal after folding are refused', named('A', 'a'), 'E_COLLISION'],
    ['only ASCII is folded, and nothing else is allowed', named('ä'), 'E_ASSET_NAME'],
    ['a name is not a device', named('Con.1'), 'E_ASSET_NAME'],
    ['a ledger is 32 lower-case hex digits', { ledger: 'A'.repeat(32) }, 'E_CHECKLIST'],
    ['a commit has 64 digits', { commit: 'c'.repeat(64) }, GOOD],
    ['a commit has no other number of them', { commit: 'c'.repeat(63) }, 'E_CHECKLIST'],
  ])('%s', async (_, change, outcome) => {
    expect(await parse(change)).toBe(outcome);
  });

  test('has at most 4 MiB, and so has checklist.sha256', async () => {
    const large = new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20);
    await expect(() => parseChecklist(large)).toFailWith('E_TOO_LARGE');
    await expect(() => parseSums(large)).toFailWith('E_TOO_LARGE');
    await expect(() => parseChecklist(large.subarray(1))).toFailWith('E_CHECKLIST');
    expect(parseChecklist(encodeChecklist(checklist))).toEqual(checklist);
  });
});

describe('a policy', () => {
  let ada: Person, bot: Person;
  let policy: Policy;
  beforeAll(async () => {
    [ada, bot] = await Promise.all([person('ada'), person('mirror-bot')]);
    policy = policyOf(1, { roots: [ada], executors: [bot], reviewers: [ada] });
  });
  const seal = 'a'.repeat(64);

  test.each<readonly [string, () => object, ErrorCode | typeof GOOD]>([
    ['may have no executor', () => ({ executors: { holders: [] } }), GOOD],
    ['has a root and a reviewer', () => ({ reviewers: { threshold: 1, holders: [] } }), 'E_POLICY_FORMAT'],
    ['may list people who are in no role', () => ({ reviewers: { threshold: 1, holders: ['ada'] } }), GOOD],
    ['has a key of everybody', () => ({ holders: { ...policy.holders, 'z-nobody': [] } }), 'E_POLICY_FORMAT'],
    ["an executor's holder is not a root", () => ({ executors: { holders: ['ada'] } }), 'E_POLICY_FORMAT'],
    [
      "an executor's holder is not a former reviewer",
      () => ({
        former: { executors: [], reviewers: [{ fingerprint: FPR, sha256: seal, holder: 'mirror-bot', seal }] },
      }),
      'E_POLICY_FORMAT',
    ],
    [
      'a former reviewer may be a reviewer',
      () => ({ former: { executors: [], reviewers: [{ fingerprint: FPR, sha256: seal, holder: 'ada', seal }] } }),
      GOOD,
    ],
    ['policy 1 has no previous', () => ({ previous: seal }), 'E_POLICY_FORMAT'],
    ['policy 2 has one', () => ({ version: 2, previous: seal }), GOOD],
    ['policy 2 lacks it', () => ({ version: 2 }), 'E_POLICY_FORMAT'],
    ['expires is a date of the calendar', () => ({ expires: '2027-02-30T00:00:00Z' }), 'E_POLICY_FORMAT'],
  ])('%s', async (_, change, outcome) => {
    expect(await codeThrown(() => encodePolicy({ ...policy, ...change() }))).toBe(outcome);
  });

  test('has at most 512 KiB, and a seal 128 MiB', async () => {
    const large = new Uint8Array(512 * 1024 + 1).fill(0x20);
    await expect(() => parsePolicy(large)).toFailWith('E_TOO_LARGE');
    await expect(() => parsePolicy(large.subarray(1))).toFailWith('E_POLICY_FORMAT');
    await expect(() => parseSeal(new Uint8Array(128 * 1024 * 1024 + 1), FPR)).toFailWith('E_TOO_LARGE');
  });

  test('a seal may be empty, and is sorted by path', async () => {
    expect(parseSeal(encodeSeal([], FPR), FPR)).toEqual([]);
    const line = (tag: string): string => `${seal}  packages/github.com/a/b/${tag}/checklist.sha256.${FPR}.ack\n`;
    expect(parseSeal(utf8(line('v1') + line('v2')), FPR)).toHaveLength(2);
    await expect(() => parseSeal(utf8(line('v2') + line('v1')), FPR)).toFailWith('E_SEAL_FORMAT');
  });

  test('and a record are refused where a name stands twice in their folder', async () => {
    const tree: Tree = new Map();
    await putPolicy(tree, 1, { roots: [ada], executors: [bot], reviewers: [ada] }, [ada]);
    const path = await putRecord(tree, bot, [ada]);
    const files = memoryFiles(tree);
    const now = new Date();
    const twice = {
      ...files,
      list: async (folder: string) => {
        const entries = await files.list(folder);
        return entries.flatMap((entry) => (entry.name === '1.policy.json' ? [entry, entry] : [entry]));
      },
    };
    await expect(() => establishTrust(twice, { now })).toFailWith('E_COLLISION');
    const trust = await establishTrust(files, { now });
    const record = memoryRecord(tree, path);
    expect((await verifyRecord(record, trust)).state).toBe('acknowledged');
    const again = { ...record, entries: [...record.entries, ...record.entries.slice(0, 1)] };
    await expect(() => verifyRecord(again, trust)).toFailWith('E_COLLISION');
  });
});
