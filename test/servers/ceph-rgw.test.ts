import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

test('the S3 server of the tests is installed where only some of its programs are there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pt-ceph-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, line] of [
    ['curl', ':'],
    ['apt-get', `echo "$@" >> ${folder}/asked; [ "$1" = update ]`],
  ] as const) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const args = [join(import.meta.dirname, 'ceph-rgw.sh'), join(folder, 'rgw'), '1', '2', String(process.pid)];
  spawnSync('/bin/bash', args, { env: { PATH: folder } });
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
    /^install .* radosgw ceph-mon ceph-osd ceph-common curl$/m,
  );
});
