import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXECUTOR, LEDGER, Team } from '../adoption/team.ts';
import type { Name } from '../adoption/team.ts';
import type { TestPull, TestRepository } from '../servers/github/github.ts';
import { refreshPulls } from '../servers/github/github.ts';
import { Runner } from './runner.ts';
import type { Contexts } from './runner.ts';

const PASSPHRASE = 'a passphrase with spaces';

/** A team whose ledger is private, with a threshold of two, and whose executor mirrors two tools; runners for its jobs. */
export interface WorkflowTeam {
  readonly team: Team;
  readonly runner: Runner;
  readonly ledger: TestRepository;
  /** The executor's checkout. */
  readonly executor: string;
  /** For a workflow of the executor's repository. */
  executorContexts(more?: Contexts): Contexts;
  /** For a workflow of the ledger's. */
  ledgerContexts(more?: { readonly github?: object }): Contexts;
  pulls(): Promise<readonly TestPull[]>;
  /** Somebody's ack of a pull request. */
  ack(who: Name, pull: TestPull): Promise<void>;
}

export async function startWorkflowTeam(leaveOut: readonly string[]): Promise<WorkflowTeam> {
  const team = await Team.start();
  const { folder, github } = team;
  const { repository: ledger } = team.newRepository(LEDGER);
  ledger.private = true;
  team.writeKeys(folder);
  // The program makes the very files whose scripts are run here.
  await team.must(
    'ada',
    `
    PULLTHROUGH_SIGNING_PASSPHRASE='${PASSPHRASE}' pullthrough key new --user-id 'Mirror Bot <bot@acme.example>' --output bot.key
    pullthrough ledger init release-ledger --root ada=ada.asc --executor mirror-bot=bot.key.pub.asc \\
      --reviewer ada=ada.asc --reviewer grace=grace.asc --threshold 2 --gpg | tee made
    git -C release-ledger push --quiet https://ada:ada-token@github.com/${LEDGER}.git main
    pin=$(sed -n 's/^pin = //p' made)
    pullthrough init mirror --ledger ${LEDGER} --store file:${team.store} --pin "$pin"
    cd mirror && pullthrough add jqlang/jq mikefarah/yq`,
  );
  const executor = join(folder, 'mirror');
  const signingKey = readFileSync(join(folder, 'bot.key'), 'utf8');
  const runner = new Runner({
    folder,
    program: team.program,
    env: { ...team.internet.env, GIT_CONFIG_NOSYSTEM: '1' },
    leaveOut,
  });

  // What GitHub gives a job: a token for its own repository alone, and the App's for the ledger.
  for (const [name, repository] of Object.entries({ executor: EXECUTOR, ledger: LEDGER })) {
    for (const right of ['read', 'write'] as const) {
      github.addToken(`${name}-${right}`, { login: 'github-actions[bot]', access: { [repository]: right } });
    }
  }
  github.addToken('app', { login: 'acme-mirror[bot]', type: 'Installation', access: { [LEDGER]: 'write' } });

  const about = (repository: string, name: string): Record<string, unknown> => ({
    tokens: { read: `${name}-read`, write: `${name}-write` },
    server_url: 'https://github.com',
    api_url: 'https://api.github.com',
    repository,
    repository_owner: 'acme',
    run_id: 7,
  });
  return {
    team,
    runner,
    ledger,
    executor,
    executorContexts: (more = {}) => ({
      github: about(EXECUTOR, 'executor'),
      vars: { AWS_ROLE: '', AWS_REGION: '', LEDGER_APP_ID: '1', LEDGER_REPOSITORY: 'release-ledger' },
      secrets: {
        LEDGER_APP_KEY: 'a key',
        S3_ACCESS_KEY_ID: '',
        S3_SECRET_ACCESS_KEY: '',
        PULLTHROUGH_SIGNING_KEY: signingKey,
        PULLTHROUGH_SIGNING_PASSPHRASE: PASSPHRASE,
      },
      apps: { token: 'app' },
      ...more,
    }),
    ledgerContexts: (more) => ({ github: { ...about(LEDGER, 'ledger'), ...more?.github } }),
    pulls: async () => {
      await refreshPulls(ledger);
      return ledger.pulls;
    },
    ack: async (who, pull) => {
      await team.must(who, `pullthrough ack ${String(pull.number)} --gpg`, { cwd: executor });
    },
  };
}

/** A project that uses a mirrored tool, with nothing but what it would commit. */
export function makeConsumer(team: Team, pin: string): string {
  const folder = join(team.folder, 'project');
  mkdirSync(folder);
  const lines = ['[ledger]', `repository = ${LEDGER}`, '[store]', 'public-url = https://mirror.acme.example'];
  writeFileSync(join(folder, 'mirror.ini'), [...lines, '[trust]', `pin = ${pin}`, ''].join('\n'));
  return folder;
}
