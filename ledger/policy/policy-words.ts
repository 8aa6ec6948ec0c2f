import { listings } from '../../ledger-schema/openpgp/keyring.ts';
import type { Policy } from '../../ledger-schema/policy.ts';

function people(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? 'nobody';
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

function some(threshold: number, names: readonly string[]): string {
  if (names.length === 1) return people(names);
  return threshold === names.length ? `all of ${people(names)}` : `${threshold} of ${people(names)}`;
}

function days(milliseconds: number): string {
  // Whole days, as `ledger status` counts them.
  const count = Math.floor(milliseconds / 86_400_000);
  return `${count} day${count === 1 ? '' : 's'}`;
}

/** A policy in plain words: who may do what, and until when. Holder names and fingerprints are safe to show. */
export function policyInWords(policy: Policy, now: Date): string[] {
  const left = Date.parse(policy.expires) - now.getTime();
  const until = left > 0 ? `in ${days(left)}` : `${days(-left)} ago: consumers resolve nothing new until it is rotated`;
  const lines = [
    `trust policy ${policy.version} of the ledger ${policy.ledger}`,
    `  ${people(policy.executors.holders)} may propose records (executor)`,
    `  ${some(policy.reviewers.threshold, policy.reviewers.holders)} must acknowledge a record before its files are used (reviewers)`,
    `  ${some(policy.roots.threshold, policy.roots.holders)} must sign a new policy (roots)`,
    `  it ${left > 0 ? 'expires' : 'expired'} at ${policy.expires}, ${until}`,
    'keys',
  ];
  for (const [holder, keys] of Object.entries(policy.holders)) {
    for (const key of keys) lines.push(`  ${holder}: ${key.fingerprint}`);
  }
  for (const key of policy.former.executors)
    lines.push(`  former executor's: ${key.fingerprint}; what it signed still counts`);
  for (const key of policy.former.reviewers) {
    lines.push(`  former reviewer ${key.holder}'s: ${key.fingerprint}; the acks that its seal lists still count`);
  }
  return lines;
}

/** What differs between two policies that follow each other, a line each. */
export function policyChanges(before: Policy, after: Policy): string[] {
  const lines: string[] = [];
  for (const role of ['executors', 'reviewers', 'roots'] as const) {
    for (const name of after[role].holders)
      if (!before[role].holders.includes(name)) lines.push(`${name} joins the ${role}`);
    for (const name of before[role].holders)
      if (!after[role].holders.includes(name)) lines.push(`${name} leaves the ${role}`);
  }
  for (const role of ['reviewers', 'roots'] as const) {
    const [old, now] = [before[role].threshold, after[role].threshold];
    if (old !== now) lines.push(`${now} instead of ${old} of the ${role} are needed`);
  }
  const [old, now] = [listings(before), listings(after)];
  for (const [fingerprint, { key, former, holder }] of now) {
    const was = old.get(fingerprint);
    if (was === undefined) lines.push(`the key ${fingerprint} of ${holder ?? 'a former executor'} is new`);
    else if (was.former === undefined && former !== undefined)
      lines.push(`the key ${fingerprint} becomes a former one`);
    else if (was.key.sha256 !== key.sha256) lines.push(`the key ${fingerprint} has a newer copy`);
  }
  for (const fingerprint of old.keys())
    if (!now.has(fingerprint)) lines.push(`the key ${fingerprint} is taken out: what it signed counts no more`);
  if (before.expires !== after.expires) lines.push(`it expires at ${after.expires} instead of ${before.expires}`);
  return lines;
}
