import { consumerCommands } from './consumer.ts';
import { executorCommands } from './executor.ts';
import { ledgerCommands } from './ledger.ts';
import { reviewerCommands } from './reviewer.ts';
import { flag, text } from './spec.ts';
import type { CommandSpec, OptionSpecs, OptionValues } from './spec.ts';

export const GROUPS = {
  executor: executorCommands,
  reviewer: reviewerCommands,
  ledger: ledgerCommands,
  consumer: consumerCommands,
} as const;

export type Group = keyof typeof GROUPS;

/** Options of every command. */
export const globalOptions = {
  config: text('FILE', 'the configuration (default: mirror.ini here)', 'file'),
  state: text('DIR', 'where the newest state seen of each ledger is remembered', 'folder'),
  json: flag('one JSON document on stdout, also on failure'),
  quiet: flag('no progress and no notes; only results, warnings and errors'),
} as const satisfies OptionSpecs;

export type GlobalValues = OptionValues<typeof globalOptions>;

/** What the handler of a group's command gets for its options. */
export type ValuesOf<G extends Group, Name extends keyof (typeof GROUPS)[G]> =
  (typeof GROUPS)[G][Name] extends CommandSpec<infer S> ? OptionValues<S> & GlobalValues : never;

export interface Command {
  readonly name: string;
  readonly group: Group;
  readonly spec: CommandSpec;
}

/** Every command of the program, in the order in which help shows them. */
export const COMMANDS: readonly Command[] = Object.entries(GROUPS).flatMap(([group, table]) =>
  Object.entries<CommandSpec>(table).map(([name, spec]) => ({ name, group: group as Group, spec })),
);
