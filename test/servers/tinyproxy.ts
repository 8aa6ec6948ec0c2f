import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Proxy {
  /** As HTTPS_PROXY wants it. */
  readonly url: string;
  readonly port: number;
  /** The targets that it was asked for, as `127.0.0.1:1234`. */
  targets(): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts tinyproxy, from Debian. Throws with the command to run where it isn't installed. */
export async function startTinyproxy(user?: { readonly name: string; readonly password: string }): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), 'pullthrough-proxy-'));
  const port = await freePort();
  const log = join(folder, 'log');
  const lines = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', `LogFile "${log}"`, 'LogLevel Connect'];
  if (user) lines.push(`BasicAuth ${user.name} ${user.password}`);
  await writeFile(join(folder, 'conf'), `${lines.join('\n')}\n`);
  const child = spawn('tinyproxy', ['-d', '-c', join(folder, 'conf')], { stdio: 'ignore' });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error('tinyproxy is needed for this test: sudo apt-get install -y tinyproxy', { cause: error })),
    );
  });
  await Promise.race([answers(port), failed]);
  return {
    url: `http://${user ? `${user.name}:${user.password}@` : ''}127.0.0.1:${port}`,
    port,
    async targets() {
      // The log is written a moment after the answer.
      await sleep(100);
      const text = await readFile(log, 'utf8').catch(() => '');
      return [...text.matchAll(/Request \(file descriptor \d+\): (?:CONNECT|GET) (\S+) /g)].map(
        ([, target]) => target ?? '',
      );
    },
    async close() {
      await new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill();
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('tinyproxy did not start');
}
