import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { program } from '../kit/processes/program.ts';

test('what asks a server loads neither all of undici nor the undici that node has', async () => {
  const at = (file: string): string => JSON.stringify(pathToFileURL(join(program(), file)).href);
  const script = `
    const { httpFetch } = await import(${at('io/http/http.js')});
    const { send } = await import(${at('io/http/send.js')});
    const origin = 'http://127.0.0.1:1';
    const failures = [httpFetch(origin), send({ method: 'GET', origin, path: '/', headers: {}, timeoutMs: 1000 })];
    for (const { reason } of await Promise.allSettled(failures)) console.log(reason.code);
    const { createRequire } = process.getBuiltinModule('node:module');
    const loaded = [...Object.keys(createRequire(${at('io/http/http.js')}).cache), ...process.moduleLoadList];
    console.log(loaded.filter((name) => /undici\\/(?:undici|index|lib\\/mock)/.test(name)).join());`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(stdout).toBe('E_NETWORK\nE_NETWORK\n\n');
});
