import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyHint, keylessSigner, loggedKeySigner } from '../../../consumer/stamps/signer.ts';
import { openKeyless } from '../../../evidence/sigstore/keyless.ts';
import { openLoggedKey } from '../../../evidence/sigstore/logged-key.ts';
import { MockSigstore } from '../../evidence/mock-sigstore.ts';
import { withTrustedRoot } from '../../kit/processes/patched-program.ts';
import { newStampSigner } from '../../kit/stamps.ts';
import { TestLedger } from '../../kit/ledger/ledger-maker.ts';
import { TestSite } from '../../kit/worlds/site-world.ts';
import { StoreServer } from '../../kit/store-server.ts';
import { startInternet } from '../../servers/internet.ts';
import type { Internet } from '../../servers/internet.ts';
import { actionsToken, startSigstore } from '../../servers/sigstore-server.ts';
import { keptProgram } from '../../servers/kept-programs.ts';
import { startGateway } from '../serve/gateway-fixture.ts';
import type { TestGateway } from '../serve/gateway-fixture.ts';

const run = promisify(execFile);
const BODY = '#!/bin/sh\necho tool 1.0.0\n';
const program = keptProgram('mise');
const ISSUER = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'acme/mirror/.github/workflows/site.yml@refs/heads/main';

describe.skipIf(program === undefined)('mise with a stamping host', () => {
  let folder: string;
  let site: TestSite;
  let logged: TestSite;
  let byKey: TestSite;
  /** The one that the host shows. */
  let shown: TestSite;
  let pin: string;
  let store: StoreServer;
  let gateway: TestGateway;
  let host: Server;
  let internet: Internet;
  const asked: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pt-mise-stamps-'));
    const ledger = await TestLedger.create();
    store = await StoreServer.start([BODY, 'two']);
    await ledger.addRecord({ repository: 'acme/tool', tag: 'v1.0.0', assets: { 'tool-linux-amd64': BODY } });
    const { grace } = ledger.people;
    await ledger.addRecord({
      repository: 'acme/tool',
      tag: 'v2.0.0',
      assets: { 'tool-linux-amd64': 'two' },
      nacks: [grace],
    });
    await ledger.commit({ message: 'Nack acme/tool v2.0.0\n\nit lies\n' });
    gateway = await startGateway(ledger, [store]);
    site = await TestSite.of(ledger);
    const { signer, publicKey, key } = await newStampSigner();
    await site.make({ baseUrl: 'https://releases.acme.example', stamps: signer });
    logged = await TestSite.of(ledger);
    const mock = await MockSigstore.make({ ahead: 0 });
    await withTrustedRoot(program ?? '', join(folder, 'mise'), mock.rootJson);
    const claims = { iss: ISSUER, sub: 'repo:acme/mirror', job_workflow_ref: WORKFLOW };
    await using sigstore = await startSigstore(mock, claims);
    const token = () => Promise.resolve(actionsToken(claims));
    const roots = [mock.root('added')];
    const keyless = await openKeyless({ token, fulcio: sigstore.url, rekor: sigstore.url, roots });
    const now = new Date();
    await logged.make({ baseUrl: 'https://releases.acme.example', stamps: keylessSigner(keyless) }, { now });
    byKey = await TestSite.of(ledger);
    const { spki } = key;
    const keyed = { spki, hint: keyHint(key), sign: (text: Uint8Array) => key.sign(text), rekor: sigstore.url, roots };
    const loggedKey = loggedKeySigner(key, openLoggedKey(keyed));
    await byKey.make({ baseUrl: 'https://releases.acme.example', stamps: loggedKey }, { now });
    host = createServer((request, response) => {
      asked.push(request.url ?? '');
      readFile(join(shown.folder, decodeURIComponent(request.url ?? ''))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    shown = site;
    pin = Buffer.from(publicKey).toString().split('\n')[1] ?? '';
    await mkdir(join(folder, 'config'), { recursive: true });
    await mkdir(join(folder, 'work'), { recursive: true });
    await mkdir(join(folder, 'internet'), { recursive: true });
    internet = await startInternet(join(folder, 'internet'), {
      'releases.acme.example': url,
      'api.github.com': gateway.url,
      'github.com': gateway.url,
      'raw.githubusercontent.com': (_, response) => void response.writeHead(404).end(),
      'mise-versions.jdx.dev': (_, response) => void response.writeHead(404).end(),
    });
  });
  afterAll(async () => {
    await internet.close();
    host.close();
    await gateway.stop();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  const mise = async (stamper: string, program: string, args: string[], more: Record<string, string> = {}) => {
    const settings = `use_versions_host = false\npackslip.stampers = ["releases.acme.example=${stamper}"]\n`;
    await writeFile(join(folder, 'config/config.toml'), `[settings]\n${settings}`);
    const at = (name: string) => join(folder, name);
    const env = {
      ...internet.env,
      PATH: process.env['PATH'],
      HOME: at('home'),
      MISE_DATA_DIR: at('data'),
      MISE_CACHE_DIR: at('cache'),
      MISE_TRUSTED_CONFIG_PATHS: at('work'),
    };
    const options = { cwd: at('work'), env: { ...env, MISE_CONFIG_DIR: at('config'), ...more } };
    return run(program, args, options).then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { stdout: string; stderr: string }) => ({ code: 1, said: error.stdout + error.stderr }),
    );
  };

  test('finds the list at its host, and installs nothing by one that is in no log, which is why workflows sign them', async () => {
    const { code, said } = await mise(pin, program ?? '', ['install', 'packslip:github.com/acme/tool@1.0.0']);
    expect(code).toBe(1);
    expect(said).toContain('the stamp list from releases.acme.example: bundle has no transparency log entry');
    expect(asked).toContain('/.well-known/packslip/github.com/acme/tool.json');
    expect(internet.strangers).toEqual([]);
  });

  test('installs by one that a workflow signed what is acknowledged, by that workflow alone, and nothing that was withdrawn', async () => {
    shown = logged;
    const ours = join(folder, 'mise');
    const by = 'https://github.com/acme/mirror/';
    const other = await mise('https://github.com/acme/other/', ours, [
      'install',
      'packslip:github.com/acme/tool@1.0.0',
    ]);
    expect({ code: other.code, said: other.said }).toEqual({ code: 1, said: other.said });
    // The packslip is a repackager's, by another repository than the tool's own: mise is told whose.
    const vendors = await mise(by, ours, ['install', 'packslip:github.com/acme/tool@1.0.0']);
    expect(vendors.said).toContain('expected an identity starting with "https://github.com/acme/tool/"');
    const want = (version: string) => {
      const options = `version = "${version}", identity_prefix = "${by}", issuer = "${ISSUER}"`;
      return writeFile(join(folder, 'work/mise.toml'), `[tools]\n"packslip:github.com/acme/tool" = { ${options} }\n`);
    };
    await want('1.0.0');
    const good = await mise(by, ours, ['install']);
    expect({ code: good.code, said: good.said }).toEqual({ code: 0, said: good.said });
    expect((await mise(by, ours, ['exec', '--', 'tool'])).said).toContain('tool 1.0.0');
    await want('2.0.0');
    const gone = await mise(by, ours, ['install']);
    expect({ code: gone.code, said: gone.said }).toEqual({
      code: 1,
      said: expect.stringContaining('withdrawn by releases.acme.example: it lies (withdrawn by grace)') as string,
    });
    expect(internet.strangers).toEqual([]);
  });

  test('installs by one that a key signed and the log has, with the key as the pin of the host and of the tool', async () => {
    shown = byKey;
    const ours = join(folder, 'mise');
    const want = (version: string) =>
      writeFile(
        join(folder, 'work/mise.toml'),
        `[tools]\n"packslip:github.com/acme/tool" = { version = "${version}", pubkey = "${pin}" }\n`,
      );
    for (const name of ['home', 'data', 'cache']) await rm(join(folder, name), { recursive: true, force: true });
    await want('1.0.0');
    // Its global configuration, and so the host, counts only where $HOME is there.
    const homeless = await mise(pin, ours, ['install']);
    expect(homeless.said).toContain('has no release 1.0.0 carrying packslip.sigstore.json');
    await rm(join(folder, 'home'), { recursive: true, force: true });
    const stampers = `releases.acme.example=${pin}`;
    const good = await mise(pin, ours, ['install'], { MISE_PACKSLIP_STAMPERS: stampers });
    expect({ code: good.code, said: good.said }).toEqual({ code: 0, said: good.said });
    await mkdir(join(folder, 'home'), { recursive: true });
    const again = await mise(pin, ours, ['install', '--force']);
    expect({ code: again.code, said: again.said }).toEqual({ code: 0, said: again.said });
    expect((await mise(pin, ours, ['exec', '--', 'tool'])).said).toContain('tool 1.0.0');
    await want('2.0.0');
    const gone = await mise(pin, ours, ['install']);
    expect({ code: gone.code, said: gone.said }).toEqual({
      code: 1,
      said: expect.stringContaining('withdrawn by releases.acme.example: it lies (withdrawn by grace)') as string,
    });
    const { publicKey: other } = await newStampSigner();
    const wrong = await mise(Buffer.from(other).toString().split('\n')[1] ?? '', ours, ['install']);
    expect({ code: wrong.code, said: wrong.said }).toEqual({
      code: 1,
      said: expect.stringContaining('verifying the stamp list from releases.acme.example') as string,
    });
    expect(internet.strangers).toEqual([]);
  });
});
