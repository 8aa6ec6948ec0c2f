import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { Finding } from '../../../ledger-schema/files.ts';
import { checkLedger } from '../../../ledger/gate/gate.ts';
import type { GateReport } from '../../../ledger/gate/gate.ts';
import { openLocalRepository } from '../../../ledger/git/local.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import type { Handler } from '../../wiring/command-context.ts';
import type { ValuesOf } from '../../spec/index.ts';
import type { Output } from '../../screens/output.ts';

/** A person reads no more findings, and Actions shows no more; `--json` has them all. */
const SHOWN = 50;

/** `ledger check`: the gate over the repository in the current directory. */
export const ledgerCheck: Handler<ValuesOf<'ledger', 'ledger check'>> = async (_, options, context) => {
  const { pin } = await loadConfig(options, context.cwd);
  await using repository = await openLocalRepository(context.cwd, context.env);
  const head = await repository.resolve(options.head ?? 'HEAD');
  const base = options.base === undefined ? undefined : await repository.resolve(options.base);
  const requireAcknowledged = options.require === 'acknowledged';
  const report = await checkLedger(repository, { head, base, pin, now: context.now, requireAcknowledged });
  show(report, { head, base }, context.output);
  requirePassed(report);
};

function show(report: GateReport, commits: { head: string; base: string | undefined }, output: Output): void {
  const { scope, problems, warnings, records, policy } = report;
  for (const { path, message } of warnings.slice(0, SHOWN)) output.warn(problemText({ path, message }));
  // A lone problem is the error that the command ends with.
  const listed = problems.length === 1 ? [] : problems.slice(0, SHOWN);
  for (const finding of listed) output.problem(new PullthroughError(finding.code, problemText(finding)));
  const hidden =
    problems.length + warnings.length - Math.min(problems.length, SHOWN) - Math.min(warnings.length, SHOWN);
  if (hidden > 0) output.note(`${hidden} more findings are not shown; --json has all`);
  output.results({
    head: commits.head,
    base: commits.base ?? null,
    scope,
    policy: policy ?? null,
    problems,
    warnings,
    records: records.map(({ path, state, ackHolders, missing }) => ({ path, state, ackHolders, missing })),
  });
  if (problems.length === 0) output.line(verdict(report), 'good');
}

function verdict({ scope, records, policy }: GateReport): string {
  const by = policy === undefined ? '' : ` by policy ${policy.version}`;
  const count = `${records.length} record${records.length === 1 ? '' : 's'}`;
  switch (scope) {
    case 'all':
      return `the ledger is in order: ${count}${by}`;
    case 'records':
      return `the change is in order: ${count}${by}`;
    case 'trust':
      return 'the change of trust is in order';
    case 'none':
      return 'the change touches neither packages/ nor trust/';
  }
}

function requirePassed({ problems }: GateReport): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const hint = others.length === 0 ? undefined : 'see above for each';
  fail(first.code, `the gate refuses this: ${problemText(first)}${more}`, { hint });
}

function problemText({ path, message }: Pick<Finding, 'path' | 'message'>): string {
  return path === '' || message.includes(path) ? message : `${path}: ${message}`;
}
