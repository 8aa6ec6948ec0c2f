import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { openGateway } from '../../consumer/serve/gateway.ts';
import { sha256Hex } from '../../ledger-schema/bytes.ts';
import { SILENT } from '../../io/progress.ts';
import { newMinisignKey } from '../../evidence/keys/minisign-new-key.ts';
import { MockSigstore } from '../evidence/mock-sigstore.ts';
import { provenance, workflow } from '../evidence/release.ts';
import { runCli } from '../kit/worlds/cli-world.ts';
import { people } from '../kit/worlds/executor-keys.ts';
import { world } from '../kit/worlds/executor-world.ts';
import type { World } from '../kit/worlds/executor-world.ts';
import { statementOf } from '../kit/stamps.ts';
import type { TestRepository } from '../servers/github/github.ts';

export interface SiteSays {
  readonly page: string;
  readonly feed: string;
  readonly renovate: string;
  /** `v0.69.1 listed` */
  readonly stamps: readonly string[];
  readonly reasons: readonly string[];
  /** Tags whose packslip lies there. */
  readonly served: readonly string[];
  readonly sequence: number;
}

const BASE = 'https://releases.acme.example';
export const TOOL = 'aquasecurity/trivy';
const at = (when: string): Date => new Date(`2026-${when}:00Z`);

/** Runs a command line at a time of the year, and gives all that it said; fails where it exits otherwise. */
export type Run = (when: string, exit: number, ...argv: string[]) => Promise<string>;

/** When releases are published. Provenance is signed at that time, which counts for their age. */
const PUBLISHED = ['02-24T10:00', '03-01T00:40', '03-01T20:00', '03-19T18:22'];

/** An instance for each time, since the clock of one stands. Its authorities' own certificates begin when they are made. */
async function sigstoreAt(times: readonly string[]): Promise<ReadonlyMap<string, MockSigstore>> {
  const made = new Map<string, MockSigstore>();
  const before = 60_000;
  try {
    for (const time of times) {
      vi.useFakeTimers({ toFake: ['Date'], now: at(time).getTime() - before });
      made.set(time, await MockSigstore.make({ ahead: before }));
    }
  } finally {
    vi.useRealTimers();
  }
  return made;
}

/** The scanner's upstream, and an executor, a reviewer and a build, each with a folder, a memory and secrets of their own. */
export class TrivyWeek {
  readonly made: World;
  readonly upstream: TestRepository;
  readonly bot: Run;
  readonly ada: Run;
  readonly build: Run;
  /** What the build has: its folder. */
  readonly folder: string;
  readonly #sigstore: ReadonlyMap<string, MockSigstore>;
  readonly #pin: string;
  readonly #stampKey: string;

  private constructor(
    made: World,
    sigstore: ReadonlyMap<string, MockSigstore>,
    runs: Record<'bot' | 'ada' | 'build', Run>,
    { pin, stampKey }: { readonly pin: string; readonly stampKey: string },
  ) {
    this.made = made;
    this.upstream = made.github.addRepository(TOOL);
    this.bot = runs.bot;
    this.ada = runs.ada;
    this.build = runs.build;
    this.folder = join(made.folder, 'build');
    this.#sigstore = sigstore;
    this.#pin = pin;
    this.#stampKey = stampKey;
  }

  static async begin(): Promise<TrivyWeek> {
    const made = await world();
    const sigstore = await sigstoreAt(PUBLISHED);
    const { bot, ada } = await people();
    const file = async (name: string, content: string | Uint8Array): Promise<string> => {
      await mkdir(join(made.folder, name, '..'), { recursive: true });
      await writeFile(join(made.folder, name), content, { mode: 0o600 });
      return join(made.folder, name);
    };
    const roots = await Promise.all(
      [...sigstore.values()].map(({ rootJson }, i) => file(`root-${i}.json`, JSON.stringify(rootJson))),
    );
    const pin = sha256Hex(Buffer.from(`${made.git(['cat-file', 'blob', 'main:trust/1.policy.json'])}\n`));
    const ini =
      `[ledger]\nrepository = ${made.ledgerDirectory}\n[store]\nurl = ${made.storeDirectory}\n` +
      `[source]\napi = ${made.github.api}\nhost = github.com\n` +
      `[trust]\npin = sha256:${pin}\n[evidence]\n${roots.map((root) => `trusted-root[] = ${root}\n`).join('')}`;
    const person = async (name: string, secrets: Record<string, string>): Promise<Run> => {
      await file(`${name}/mirror.ini`, ini);
      const cwd = join(made.folder, name);
      const env = { PATH: process.env['PATH'], HOME: cwd, GITHUB_TOKEN: 'reader', ...secrets };
      return async (when, exit, ...argv) => {
        const { code, stdout, stderr } = await runCli(argv, { cwd, env, now: at(when) });
        const said = `${stdout}\n${stderr}`;
        expect({ argv, code, said }).toEqual({ argv, code: exit, said });
        return said;
      };
    };
    await file(
      `bot/packages/github.com/${TOOL}/tool.ini`,
      '[release]\nmin-age = 1d\n[evidence]\nrequire[] = attestation:.github/workflows/release.yml\n',
    );
    const key = await file('bot.key', bot.secret);
    await file('ada/ada.key', ada.secret);
    const runs = {
      bot: await person('bot', { PULLTHROUGH_SIGNING_KEY_FILE: key }),
      ada: await person('ada', {}),
      build: await person('build', {}),
    };
    const stampKey = await file('stamp.key', (await newMinisignKey({})).secret);
    return new TrivyWeek(made, sigstore, runs, { pin, stampKey });
  }

  /** A release as a workflow of the repository makes it: with provenance that verifies. */
  async publish(repository: TestRepository, version: string, when: string, word = 'scanner'): Promise<void> {
    const files = {
      [`trivy_${version}_Linux-64bit`]: Buffer.from(`${word} ${version} for Linux`),
      [`trivy_${version}_linux-amd64`]: Buffer.from(`${word} ${version} for amd64`),
    };
    const time = at(when);
    const assets = Object.entries(files).map(([name, content]) => ({
      name,
      content,
      createdAt: time,
      updatedAt: time,
    }));
    await repository.addRelease({ tag: `v${version}`, assets, createdAt: time, publishedAt: time });
    const commit = repository.tags.get(`v${version}`)?.sha ?? '';
    const san = `https://github.com/${TOOL}/.github/workflows/release.yml@refs/tags/v${version}`;
    const identity = workflow({ id: String(repository.id), repository: TOOL, commit, san });
    const signed = this.#sigstore.get(when);
    if (signed === undefined) throw new Error(`no Sigstore is at ${when}: it must be one of PUBLISHED`);
    const statement = signed.statement(provenance(files), identity);
    const digests = Object.values(files).map((bytes) => `sha256:${sha256Hex(bytes)}`);
    repository.attestations.push({ digests, bundle: await statement });
  }

  /** Proposed, looked at, acknowledged and merged; gives what the reviewer saw. */
  async acknowledge(version: string, when: string, ...accept: string[]): Promise<string> {
    const change = `${TOOL}@v${version}`;
    await this.bot(when, 0, 'mirror');
    const seen = await this.ada(when, 0, 'review', change);
    await this.ada(when, 0, 'ack', change, '--yes', '--key', 'ada.key', ...accept);
    await this.ada(when, 0, 'ledger', 'merge');
    return seen;
  }

  /** A build installs a release, and has what it says. */
  async installs(wanted: string, when: string, version: string): Promise<void> {
    const output = `bin-${when.replaceAll(/\W/g, '')}`;
    await this.build(when, 0, 'get', `${TOOL}@${wanted}`, '--output', output);
    const text = await readFile(join(this.folder, output, `trivy_${version}_Linux-64bit`), 'utf8');
    expect(text).toContain(`${version} for Linux`);
  }

  /** What the site, made at that time, says of the tool: its page, its feed, what Renovate is told, and its release list. */
  async site(when: string): Promise<SiteSays> {
    await this.build(when, 0, 'site', 'public', '--base-url', BASE, '--stamp-key', this.#stampKey);
    const read = (path: string): Promise<string> => readFile(join(this.folder, 'public', path), 'utf8');
    const list = await read(`.well-known/packslip/github.com/${TOOL}.json`);
    const { predicate } = statementOf(Buffer.from(list));
    const served = predicate.releases.filter(({ packslip }) =>
      existsSync(join(this.folder, 'public', packslip.slice(BASE.length + 1))),
    );
    return {
      page: await read(`tools/github.com/${TOOL}/index.html`),
      feed: await read('feed.atom'),
      renovate: await read(`renovate/${TOOL}.json`),
      stamps: predicate.releases.map(({ tag, status }) => `${tag} ${status ?? 'listed'}`),
      reasons: predicate.releases.flatMap(({ status_reason: reason }) => reason ?? []),
      served: served.map(({ tag }) => tag),
      sequence: predicate.sequence,
    };
  }

  /** What the gateway answers, opened at that time. */
  async served(path: string, when: string): Promise<{ status: number; text: string }> {
    const gateway = await openGateway(
      {
        ledger: this.made.ledgerDirectory,
        pin: this.#pin,
        stores: [this.made.storeDirectory],
        cacheDir: join(this.made.folder, 'gateway', 'cache'),
        stateDir: join(this.made.folder, 'gateway', 'state'),
        progress: SILENT,
      },
      { listen: { host: '127.0.0.1', port: 0 }, clock: () => at(when).getTime() },
    );
    try {
      const response = await fetch(gateway.url + path);
      return { status: response.status, text: await response.text() };
    } finally {
      await gateway.stop();
    }
  }
}
