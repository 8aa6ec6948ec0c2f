import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeStamps } from '../../../consumer/stamps/make-stamps.ts';
import { keylessSigner } from '../../../consumer/stamps/signer.ts';
import { openKeyless } from '../../../evidence/sigstore/keyless.ts';
import { MockSigstore } from '../../evidence/mock-sigstore.ts';
import { folderWith, stampContext, stampRecord } from '../../kit/stamps.ts';
import { packslip, packslipProgram } from '../../servers/packslip.ts';
import { actionsToken, startSigstore } from '../../servers/sigstore-server.ts';

const ISSUER = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'acme/mirror/.github/workflows/site.yml@refs/heads/main';

test.skipIf(packslipProgram() === undefined)(
  'packslip accepts a list that a workflow signed, by that workflow alone',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pt-keyless-'));
    const mock = await MockSigstore.make({ ahead: 0 });
    const claims = { iss: ISSUER, sub: 'repo:acme/mirror', job_workflow_ref: WORKFLOW };
    await using server = await startSigstore(mock, claims);
    const token = () => Promise.resolve(actionsToken(claims));
    const roots = [mock.root('added')];
    const signer = keylessSigner(await openKeyless({ token, fulcio: server.url, rekor: server.url, roots }));
    const stamps = await makeStamps(
      { source: 'github.com', repository: 'jqlang/jq' },
      [stampRecord('jq-1.7.1')],
      stampContext(signer),
    );
    const root = join(folder, 'root.json');
    writeFileSync(root, JSON.stringify(mock.rootJson));
    const site = folderWith(stamps);
    expect(site.size).toBe(2);
    for (const [path, bytes] of site) {
      const file = join(folder, 'bundle.json');
      writeFileSync(file, bytes);
      const verify = (prefix: string) =>
        packslip([
          ...['verify', file, '--trusted-root', root, '--issuer', ISSUER],
          ...['--identity-prefix', prefix, '--allow-other-repository'],
        ]);
      const judged = verify('https://github.com/acme/mirror/');
      expect({ path, ...judged }).toEqual({ path, code: 0, said: judged.said });
      expect(verify('https://github.com/acme/other/').code).not.toBe(0);
    }
  },
);
