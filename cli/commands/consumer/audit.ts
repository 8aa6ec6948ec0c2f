import { resolve } from 'node:path';
import { fail } from '../../../ledger-schema/error.ts';
import { readFileBounded } from '../../../io/files/file.ts';
import type { LockedDigest } from '../../../consumer/audit.ts';
import type { FileVerdict } from '../../../consumer/verify/verify-file.ts';
import type { Cell } from '../../screens/table.ts';
import { countText } from '../../screens/units.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { withConsumer } from '../../wiring/settings/consumer-options.ts';
import type { Handler } from '../../wiring/command-context.ts';

interface Audited extends LockedDigest {
  readonly file: string;
}

/** `audit FILE…`: which locked bytes has nobody acknowledged? */
export const audit: Handler<ValuesOf<'consumer', 'audit'>> = async (files, options, context) => {
  const { AUDITED_BYTES, lockedDigests } = await import('../../../consumer/audit.ts');
  if (files.length === 0) fail('E_USAGE', 'no file was named', { hint: 'pullthrough audit mise.lock' });
  const locked: Audited[] = [];
  for (const file of files) {
    const bytes = await readFileBounded(resolve(context.cwd, file), AUDITED_BYTES);
    if (bytes === undefined) fail('E_INPUT', `there is no file ${file}`);
    locked.push(...lockedDigests(Buffer.from(bytes).toString('utf8'), file).map((digest) => ({ ...digest, file })));
  }
  const { output } = context;
  await withConsumer(options, context, async (consumer) => {
    // The ledger lists SHA-256: bytes that are locked by another digest can't be looked up.
    const known = locked.filter(({ algorithm }) => algorithm === 'sha256');
    const verdicts = await consumer.verifyDigests(
      known.map(({ name, digest }) => ({ path: name, size: 0, sha256: digest })),
    );
    const rows = locked.map((one) => {
      const verdict = verdicts[known.indexOf(one)];
      const [first] = verdict?.releases ?? [];
      return {
        ...one,
        state: stateOf(verdict),
        release: first && `${first.release.tool}@${first.release.tag}`,
        asset: first?.asset,
        // The message starts with the record's own path, which is dropped.
        why: verdict?.problems[0]?.message.replace(/^packages\/\S+ was /, ''),
      };
    });
    output.results({ digests: rows });
    output.table({
      title: 'locked bytes',
      head: ['state', 'release', 'locked', 'file', 'why'],
      rows: rows.map(({ state, release, name, file, why }): Cell[] => [
        { text: state, tone: state === 'acknowledged' ? 'good' : 'bad' },
        release ?? '',
        name,
        file,
        why ?? '',
      ]),
    });
    const bad = rows.filter(({ state }) => state !== 'acknowledged');
    if (bad.length === 0) return output.line(`${countText(rows.length, 'digest')}, each acknowledged`, 'good');
    const withdrawn = bad.some(({ state }) => state === 'withdrawn');
    fail(
      withdrawn ? 'E_WITHDRAWN' : 'E_NOT_FOUND',
      `${bad.length} of ${countText(rows.length, 'locked digest')} ${bad.length === 1 ? 'is' : 'are'} not acknowledged`,
      {
        hint: 'get these files from the ledger instead: pullthrough search shows what it has',
      },
    );
  });
};

function stateOf(verdict: FileVerdict | undefined): FileVerdict['state'] | 'not SHA-256' {
  return verdict?.state ?? 'not SHA-256';
}
