import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finding } from '../inspect/finding.ts';
import type { Finding } from '../inspect/finding.ts';
import { brief } from '../ledger-schema/bytes.ts';
import type { RecordStatus } from '../ledger-schema/record.ts';
import type { ComparedFile } from './compare/compare-files.ts';
import type { ReviewerContext } from './context.ts';
import { scanFile } from './scanner.ts';
import type { Scan, ScanLimits } from './scanner.ts';
import type { Spool } from './compare/spool.ts';

export interface ScanningInput {
  readonly context: Pick<ReviewerContext, 'scanners' | 'root' | 'env' | 'signal'>;
  readonly files: readonly ComparedFile[];
  readonly previous: RecordStatus | undefined;
  readonly spool: Spool;
  readonly limits?: ScanLimits | undefined;
}

export interface Scanned {
  /** By the files' names. */
  readonly scans: ReadonlyMap<string, readonly Scan[]>;
  readonly findings: readonly Finding[];
}

/**
 * Runs the reviewer's own scanners on each file that compared equal and that the acknowledged record before lacks, one
 * after another. What they say is in the findings. Throws an interruption alone.
 */
export async function scanFiles({ context, files, previous, spool, limits }: ScanningInput): Promise<Scanned> {
  const { commands, own } = context.scanners ?? { commands: [], own: true };
  if (commands.length === 0) return { scans: new Map(), findings: [] };
  if (!own) return { scans: new Map(), findings: [notOwn()] };
  const known = new Set(previous?.assets.map(({ sha256 }) => sha256));
  const scans = new Map<string, readonly Scan[]>();
  const findings: Finding[] = [];
  const home = join(spool.folder, 'home');
  await mkdir(home, { recursive: true });
  for (const { recorded, upstream } of files) {
    if (upstream !== 'same' || known.has(recorded.sha256)) continue;
    const { name, sha256 } = recorded;
    const said: Scan[] = [];
    for (const scanner of commands) {
      const { env, root: folder, signal } = context;
      said.push(await scanFile(scanner, { file: spool.path(sha256), name, folder, home, env, signal, limits }));
    }
    scans.set(name, said);
    findings.push(...said.map((scan) => scanFinding(name, scan)));
  }
  return { scans, findings };
}

/** What one scan comes to. Pure. */
function scanFinding(name: string, { scanner, exit, failure, lines }: Scan): Finding {
  const said = lines.length === 0 ? '' : `: ${lines.slice(0, 3).map(brief).join(' / ')}`;
  const who = brief(scanner);
  if (exit === undefined)
    return finding('scan-failed', `${who} did not scan ${brief(name)}: ${failure ?? ''}${said}`, [name]);
  if (exit !== 0) return finding('scan-objects', `${who} ended with ${exit} on ${brief(name)}${said}`, [name]);
  return finding('scan-passed', `${who} ended with 0 on ${brief(name)}${said}`, [name]);
}

function notOwn(): Finding {
  const message = 'mirror.ini has scan[], and nothing says that its folder is yours, so none of it was run';
  return { ...finding('scan-failed', message), hint: 'if that mirror.ini is your own, name its folder with --tools' };
}
