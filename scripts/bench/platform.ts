/**
 * How often `--platform` picks the right file: `node dist/scripts/bench/platform.js FILE`, where FILE has one release a
 * line as JSON: `repo`, `expected` (per tool and platform the right name, null for none), `binaries`, and the other files
 * under `evidence`, `otherPlatforms` and `sideFiles`. *plain* is the binaries alone, *full* all lists together.
 */
import { readFileSync } from 'node:fs';
import { parsePlatform, pickForPlatform } from '../../consumer/index.ts';

interface Wanted {
  readonly name: string;
  readonly emulated?: boolean;
}

interface ReleaseLine {
  readonly repo: string;
  readonly multi: boolean;
  readonly expected: Readonly<Record<string, Readonly<Record<string, Wanted | null>>>>;
  readonly binaries: readonly string[];
  readonly evidence: readonly string[];
  readonly otherPlatforms: readonly string[];
  readonly sideFiles: readonly string[];
}

type Outcome = 'right' | 'asked' | 'wrong' | 'missed';

/** What a pick is worth: several files mean a question, one file other than the right one is wrong. */
function judge(picked: readonly string[], wanted: Wanted | null): Outcome {
  if (wanted === null) return picked.length === 0 ? 'right' : picked.length > 1 ? 'asked' : 'wrong';
  if (picked.length === 0) return 'missed';
  if (picked.length > 1) return 'asked';
  return picked[0] === wanted.name ? 'right' : 'wrong';
}

function namesOf(release: ReleaseLine, mode: 'plain' | 'full'): readonly string[] {
  const { binaries, evidence, otherPlatforms, sideFiles } = release;
  return mode === 'plain' ? binaries : [...new Set([...binaries, ...evidence, ...otherPlatforms, ...sideFiles])];
}

function measure(releases: readonly ReleaseLine[], mode: 'plain' | 'full', say: boolean): string {
  const counts = new Map<string, number>();
  const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const release of releases) {
    const names = namesOf(release, mode);
    for (const [key, platforms] of Object.entries(release.expected)) {
      const tool = release.multi ? (key.split('/')[2] ?? key.split('/')[1]) : undefined;
      for (const [text, wanted] of Object.entries(platforms)) {
        const picked = pickForPlatform(names, parsePlatform(text), { repository: release.repo, tool });
        const kind =
          wanted === null ? 'none' : wanted.emulated === true ? 'emulated' : release.multi ? 'multi' : 'native';
        const outcome = judge(picked, wanted);
        count(kind);
        count(`${kind} ${outcome}`);
        if (say && outcome !== 'right') {
          console.log(
            [mode, kind, outcome, release.repo, text, wanted?.name ?? '-', picked.slice(0, 5).join(' ')].join('\t'),
          );
        }
      }
    }
  }
  const of = (key: string): number => counts.get(key) ?? 0;
  const share = ((100 * of('native right')) / of('native')).toFixed(2);
  return (
    `${mode}: ${share} % of ${of('native')} native pairs right, ${of('native wrong')} wrong, ` +
    `${of('native asked')} asked, ${of('native missed')} missed; ${of('none wrong')} picks for nothing; ` +
    `emulated ${of('emulated right')} of ${of('emulated')}, several tools ${of('multi right')} of ${of('multi')}`
  );
}

const [file, flag] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: platform.js FILE [--failures]');
const releases = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as ReleaseLine);
for (const mode of ['plain', 'full'] as const) console.log(measure(releases, mode, flag === '--failures'));
