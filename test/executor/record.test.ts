import { describe, expect, it } from 'vitest';
import { buildRecord, newRecordFiles } from '../../ledger/new-record.ts';
import type { RecordInput } from '../../ledger/new-record.ts';
import { parseChecklist } from '../../ledger-schema/checklist.ts';
import { parseSums } from '../../ledger-schema/sums.ts';
import { digest } from '../kit/releases.ts';

const INPUT: RecordInput = {
  ledger: 'a'.repeat(32),
  source: 'github.com',
  repository: 'jqlang/jq',
  repositoryId: 5101141,
  tag: 'cli/v1.2',
  commit: '71c2ab509a8628dbbad4bc7b3f98a64aa90d3297',
  files: [
    { name: 'b', size: 2, sha256: digest('b') },
    { name: 'a', size: 1, sha256: digest('a'), url: 'https://h.example/a' },
  ],
};

describe('a record', () => {
  it('is in its one form, with the digest of its own checklist.json', () => {
    const record = buildRecord(INPUT);
    expect(record.path).toBe('packages/github.com/jqlang/jq/cli%2Fv1.2');
    expect(parseChecklist(record.json)).toMatchObject({
      tag: 'cli/v1.2',
      assets: [
        { name: 'a', size: 1, url: 'https://h.example/a' },
        { name: 'b', size: 2 },
      ],
    });
    expect(parseSums(record.sums)).toEqual([
      { name: 'a', sha256: digest('a') },
      { name: 'b', sha256: digest('b') },
      { name: 'checklist.json', sha256: digest(Buffer.from(record.json).toString()) },
    ]);
  });

  it('is the same bytes whatever the order that its files came in', () => {
    const other = buildRecord({ ...INPUT, files: [...INPUT.files].reverse() });
    expect(other.sums).toEqual(buildRecord(INPUT).sums);
  });

  it('is three files in its directory', () => {
    const paths = [...newRecordFiles(buildRecord(INPUT), new Uint8Array()).keys()];
    expect(paths.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([
      'checklist.json',
      'checklist.sha256',
      'checklist.sha256.sign',
    ]);
  });

  it('without a file is refused', async () => {
    await expect(() => buildRecord({ ...INPUT, files: [] })).toFailWith('E_CHECKLIST');
  });
});
