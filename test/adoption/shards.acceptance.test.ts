import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { VERSION } from '../../cli/version.ts';
import { inShard } from '../../upstream/tools.ts';
import { storeKey } from '../../store/store.ts';
import { sha256Of } from '../servers/github/github-bytes.ts';
import { refreshPulls } from '../servers/github/github.ts';
import type { TestRepository } from '../servers/github/github.ts';
import { WITHOUT_S3, newBucket, rawClient, removeBucket, s3Env, s3Server } from '../servers/s3.ts';
import { EXECUTOR, LEDGER, Team } from './team.ts';
import type { Ran } from './bash.ts';
import { publish } from './upstream.ts';

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom: unknown;
}
interface IndexedJob {
  readonly completionMode: string;
  readonly completions: number;
  readonly parallelism: number;
  readonly template: { readonly spec: { readonly restartPolicy: string; readonly containers: readonly Container[] } };
}

const yaml = readFileSync(join(import.meta.dirname, '../../docs/examples/mirror-job.yaml'), 'utf8');
const cron = parse(yaml) as { apiVersion: string; kind: string; spec: { jobTemplate: { spec: IndexedJob } } };
const job = cron.spec.jobTemplate.spec;
const [container] = job.template.spec.containers;
if (container === undefined) throw new Error('the Job has no container');
const own = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const TOOLS = ['jqlang/jq', 'mikefarah/yq', 'acme/alpha', 'acme/beta', 'acme/gamma', 'acme/delta'];
const PASSPHRASE = 'shards';

test('the Job counts its shares as its pods do, and holds no secret', () => {
  expect(cron).toMatchObject({ apiVersion: 'batch/v1', kind: 'CronJob' });
  expect(job).toMatchObject({ completionMode: 'Indexed', parallelism: job.completions });
  expect(own['SHARDS']).toBe(String(job.completions));
  expect(container.envFrom).toEqual([{ secretRef: { name: 'mirror' } }]);
  expect(yaml).toContain(`pullthrough@${VERSION} mirror`);
  expect(Object.keys(own).filter((name) => /TOKEN|KEY|PASS/.test(name))).toEqual([]);
});

describe.skipIf(WITHOUT_S3)('pods of the indexed Job, at the same time', () => {
  let team: Team;
  let ledger: TestRepository;
  let raw: S3Client;
  let bucket: string;
  let secret: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const [s3, made] = await Promise.all([
      s3Server(inject('runFolder'), inject('runOwner')),
      Team.start({ warm: false }),
    ]);
    team = made;
    raw = rawClient(s3);
    bucket = await newBucket(raw);
    ({ repository: ledger } = team.newRepository(LEDGER));
    team.newRepository(EXECUTOR);
    for (const name of TOOLS.slice(2)) await publish(team.github.addRepository(name), 'v1.0.0', 9, ['a', 'b']);
    team.writeKeys(team.folder);
    await team.must(
      'ada',
      `export PULLTHROUGH_SIGNING_PASSPHRASE='${PASSPHRASE}'
      pullthrough key new --user-id 'Mirror Bot <bot@acme.example>' --output bot.key
      pullthrough ledger init ledger --root ada=ada.asc --executor mirror-bot=bot.key.pub.asc --reviewer ada=ada.asc --gpg
      git -C ledger push --quiet https://github.com/${LEDGER}.git main
      pullthrough init mirror --ledger ${LEDGER} --store 's3://${bucket}?endpoint=${s3.endpoint}'
      cd mirror
      pullthrough add ${TOOLS.join(' ')}
      git init --quiet --initial-branch=main
      git add --all
      git commit --quiet --message 'what is mirrored'
      git push --quiet https://github.com/${EXECUTOR}.git main`,
    );
    const signingKey = readFileSync(join(team.folder, 'bot.key'), 'utf8');
    secret = { ...s3Env(s3), PULLTHROUGH_SIGNING_KEY: signingKey, PULLTHROUGH_SIGNING_PASSPHRASE: PASSPHRASE };
  });
  afterAll(async () => {
    await removeBucket(raw, bucket);
    await team[Symbol.asyncDispose]();
  });

  /** What the kubelet starts: the container's command with the Job's variables, in an empty /work. */
  function pod(index: number, name: string): Promise<Ran> {
    const work = join(team.folder, name);
    mkdirSync(work);
    const [program, ...args] = container?.command ?? [];
    expect([program, ...args.slice(0, -1)]).toEqual(['bash', '-euo', 'pipefail', '-c']);
    const env = {
      ...own,
      ...secret,
      HOME: work,
      XDG_CACHE_HOME: undefined,
      XDG_STATE_HOME: undefined,
      JOB_COMPLETION_INDEX: String(index),
    };
    return team.sh('bot', `set -u\n${args.at(-1) ?? ''}`, { cwd: work, env });
  }

  test('make the union of their shares, each release once', { timeout: 240_000 }, async () => {
    const indexes = Array.from({ length: job.completions }, (_, index) => index);
    const shares = indexes.map((index) =>
      TOOLS.filter((repository) =>
        inShard({ source: 'github.com', repository }, { index: index + 1, count: job.completions }),
      ),
    );
    expect(shares.filter((share) => share.length > 0).length).toBeGreaterThan(2);
    // A pod that is started again while the first still runs: the fullest one.
    const busiest = shares.findIndex((share) => share.length === Math.max(...shares.map(({ length }) => length)));
    const pods = [...indexes.map((index) => pod(index, `pod-${String(index)}`)), pod(busiest, 'again')];
    const ran = await Promise.all(pods);
    expect(ran.map(({ code, stdout, stderr }) => (code === 0 ? 0 : `${stdout}${stderr}`))).toEqual(pods.map(() => 0));

    await refreshPulls(ledger);
    const titles = ledger.pulls.map(({ title }) => title.split(' ')[0]);
    expect(titles.sort()).toEqual([...TOOLS].sort());
    const newest = TOOLS.flatMap((name) => team.github.repository(name).latest()?.assets ?? []);
    const wanted = await Promise.all(newest.map(async ({ content }) => storeKey(await sha256Of(content))));
    const stored: string[] = [];
    for await (const page of paginateListObjectsV2({ client: raw }, { Bucket: bucket })) {
      stored.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
    }
    expect(stored.sort()).toEqual([...new Set(wanted)].sort());
  });
});
