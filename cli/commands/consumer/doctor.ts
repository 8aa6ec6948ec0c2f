import { PullthroughError, fail } from '../../../ledger-schema/error.ts';
import type { Check } from '../../../consumer/doctor/check.ts';
import { bad, look, ok, skip, warn } from '../../../consumer/doctor/check.ts';
import type { HostToken } from '../../../io/token-hosts.ts';
import { cacheDirectory } from '../../../io/files/folders.ts';
import { roleKeys } from '../../../ledger/policy/role-keys.ts';
import { findTools } from '../../../upstream/tools.ts';
import { hintOf } from '../../screens/hints.ts';
import type { Cell } from '../../screens/table.ts';
import type { Tone } from '../../screens/style.ts';
import { countText } from '../../screens/units.ts';
import type { ValuesOf } from '../../spec/index.ts';
import { loadConfig } from '../../wiring/settings/config.ts';
import type { Config } from '../../wiring/settings/config.ts';
import type { CommandContext, Handler } from '../../wiring/command-context.ts';
import { ledgerUrl } from '../../wiring/settings/ledger-url.ts';
import { tokenFor, tokenFrom } from '../../wiring/secrets.ts';
import { openSignerIfAny } from '../../wiring/signing.ts';
import { stateOf } from '../../wiring/settings/state.ts';
import { versionText } from '../../version.ts';

type DoctorFlags = ValuesOf<'consumer', 'doctor'>;

const TONES: Readonly<Record<Check['state'], Tone>> = { ok: 'good', warn: 'warning', fail: 'bad', skip: 'faint' };

/** `doctor`: checks everything that a run here depends on, and changes nothing. */
export const doctor: Handler<DoctorFlags> = async (_, options, context) => {
  const [{ checkMachine, checkGpg }, { checkProxies }, { checkKey, checkGpgKey }] = await Promise.all([
    import('../../../consumer/doctor/machine.ts'),
    import('../../../consumer/doctor/proxies.ts'),
    import('../../../consumer/doctor/keys.ts'),
  ]);
  const { env } = context;
  const proxies = checkProxies(env, options.offline);
  const checks: Check[] = [ok('pullthrough', versionText()), ...(await checkMachine(env)), ...(await proxies)];
  const { config, tools, checks: configured } = await readConfiguration(options, context);
  checks.push(...configured);
  let view;
  if (config !== undefined) {
    const asked = await askHosts(config, tools, options, context);
    checks.push(...asked.checks);
    view = asked.view;
  }
  checks.push(await checkKey(() => openSignerIfAny({}, context), view?.trust));
  const agent = await checkGpg(env);
  checks.push(agent);
  if (agent.state === 'ok' && view !== undefined) {
    const { policy } = view.trust;
    const listed = [...new Set([...roleKeys([policy], 'reviewers'), ...roleKeys([policy], 'roots')])];
    checks.push(await checkGpgKey(view.trust, listed, env));
  }
  show(checks.map(withHint), context);
};

/** A line that isn't fine always says what to do. */
function withHint(check: Check): Check {
  if (check.hint !== undefined || check.state === 'ok' || check.state === 'skip') return check;
  const code = /\[(E_[A-Z_]+)\]$/.exec(check.message)?.[1] ?? 'E_CONFIG';
  return { ...check, hint: hintOf(new PullthroughError(code as PullthroughError['code'], check.message)) };
}

function show(checks: readonly Check[], { output }: CommandContext): void {
  output.results({ checks });
  output.table({
    title: 'doctor',
    head: ['', 'what', 'found'],
    rows: checks.map(({ state, name, message, hint }): Cell[] => [
      { text: state, tone: TONES[state] },
      name,
      hint === undefined ? message : `${message}: ${hint}`,
    ]),
  });
  const failed = checks.filter(({ state }) => state === 'fail');
  const warned = checks.filter(({ state }) => state === 'warn');
  const sum = `${countText(checks.length, 'check')}, ${failed.length} failed, ${countText(warned.length, 'warning')}`;
  if (failed.length === 0) return output.line(sum, warned.length === 0 ? 'good' : 'warning');
  fail('E_DOCTOR', `${sum}: ${failed.map(({ name }) => name).join(', ')}`, { hint: 'each line says what to do' });
}

interface Configured {
  readonly config: Config | undefined;
  /** How many tool.ini files there are here. */
  readonly tools: number;
  readonly checks: readonly Check[];
}

async function readConfiguration(options: DoctorFlags, context: CommandContext): Promise<Configured> {
  let config: Config | undefined;
  let tools = 0;
  const name = 'mirror.ini';
  const file = await look(name, async () => {
    config = await loadConfig(options, context.cwd);
    if (config.file !== undefined) return ok(name, `${config.file} is fine`);
    if (options.ledger !== undefined) return ok(name, 'none is here; the flags stand in its place');
    return warn(
      name,
      'none is here',
      'run this in its folder, name it with --config, or give --ledger, --pin and --store',
    );
  });
  if (config === undefined) return { config, tools, checks: [file] };
  const { folder: root, source } = config;
  const defined = await look('tool.ini', async () => {
    tools = (await findTools({ root, host: source.host, names: [], shard: undefined })).length;
    return ok(
      'tool.ini',
      tools === 0 ? 'none is here; only the executor has some' : `${countText(tools, 'tool')} can be read`,
    );
  });
  return { config, tools, checks: [file, defined] };
}

/** A token that can't be valid gets its own line, and no request is made with it. */
async function readTokens({ env }: CommandContext) {
  const broken: Partial<Record<'GITHUB_TOKEN' | 'LEDGER_TOKEN', Check>> = {};
  for (const name of ['GITHUB_TOKEN', 'LEDGER_TOKEN'] as const) {
    const check = await look(name, () => ok(name, tokenFrom(env, name) === undefined ? 'not set' : 'set'));
    if (check.state !== 'ok') broken[name] = check;
  }
  const usable = Object.entries(env).filter(([name]) => !(name in broken));
  return { broken, env: Object.fromEntries(usable) };
}

async function askHosts(config: Config, tools: number, options: DoctorFlags, context: CommandContext) {
  const [{ checkStores }, { checkClock, checkToken }, { checkLedger }] = await Promise.all([
    import('../../../consumer/doctor/stores.ts'),
    import('../../../consumer/doctor/hosts.ts'),
    import('../../../consumer/doctor/ledger.ts'),
  ]);
  const { progress, now } = context;
  const { env, broken } = await readTokens(context);
  const { offline } = options;
  const { location, api, branch, limits } = config.ledger;
  const started = performance.now();
  const time = (): Date => new Date(now.getTime() + performance.now() - started);
  const notAsked = (name: string): Check => skip(name, 'not asked: --offline');

  const ledger = async () => {
    if (location === undefined) {
      const hint = 'add repository = to [ledger] of mirror.ini, or give --ledger';
      return { view: undefined, checks: [bad('ledger', 'none is configured', hint)] };
    }
    let url = '';
    const address = await look('ledger', async () => {
      url = await ledgerUrl(location, { api, env, progress });
      return ok('ledger', url);
    });
    if (address.state !== 'ok') return { view: undefined, checks: [address] };
    const places = { cacheDir: cacheDirectory(env), stateDir: stateOf(options, context) };
    let access: HostToken = { token: undefined };
    const sent = await look('PULLTHROUGH_TOKEN_HOSTS', () => {
      access = tokenFor(env, 'LEDGER_TOKEN', url);
      return ok('PULLTHROUGH_TOKEN_HOSTS', url);
    });
    if (sent.state !== 'ok') return { view: undefined, checks: [sent] };
    const { pin, maxAge } = config;
    return checkLedger({ url, branch, pin, maxAge, ...places, ...access, limits, offline, now, env, progress });
  };
  const source = () =>
    broken.GITHUB_TOKEN ??
    (offline === true
      ? notAsked('GITHUB_TOKEN')
      : look('GITHUB_TOKEN', () =>
          checkToken({
            name: 'GITHUB_TOKEN',
            api: config.source.api,
            access: tokenFor(env, 'GITHUB_TOKEN', config.source.api),
            needed: tools > 0,
            use: 'plan, mirror and review ask upstream, 60 times an hour without it; consumers need none',
            progress,
          }),
        ));
  const writing = () =>
    broken.LEDGER_TOKEN ??
    (offline === true || location === undefined
      ? skip('LEDGER_TOKEN', location === undefined ? 'there is no ledger to ask' : 'not asked: --offline')
      : look('LEDGER_TOKEN', () => {
          if (location.kind !== 'github') return ok('LEDGER_TOKEN', 'the ledger is not on GitHub: git itself uses it');
          return checkToken({
            name: 'LEDGER_TOKEN',
            api,
            access: tokenFor(env, 'LEDGER_TOKEN', api),
            needed: tools > 0,
            use: 'mirror, ack and ledger merge write by it; a public ledger is read without one',
            repository: location.repository,
            progress,
          });
        }));
  const stores = () =>
    checkStores({ ...config.store, baseDir: config.folder, env, progress, offline, writes: tools > 0 });
  const [clock, github, pushing, looked, stored] = await Promise.all([
    offline === true ? notAsked('clock') : checkClock(config.source.api, time),
    source(),
    writing(),
    ledger(),
    stores(),
  ]);
  return { view: looked.view, checks: [clock, github, pushing, ...looked.checks, ...stored] };
}
