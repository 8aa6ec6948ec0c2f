// Static files by nginx, for benchmarks: it hands files over without copying them, and so leaves the processors to what
// is measured.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePrograms } from '../../test/servers/programs.ts';

export interface Nginx {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly pid: number | undefined;
  stop(): void;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Serves what lies below `root`, as Debian's nginx-light does it; its own files go below `folder`. */
export function startNginx(folder: string, root: string): Promise<Nginx> {
  const http = 'sendfile on; tcp_nopush on; open_file_cache max=1000; keepalive_requests 1000000;';
  return runNginx(folder, http, (port) => `listen 127.0.0.1:${port}; root ${root};`);
}

/** `http` and what `server` gives are lines of the parts of its configuration that are called so. */
export async function runNginx(folder: string, http: string, server: (port: number) => string): Promise<Nginx> {
  ensurePrograms({ nginx: 'nginx-light', curl: 'curl' });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes auto; daemon off; user root; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 1024; }
http { access_log off; ${http}
${own.join(' ')}
server { ${server(port)} } }\n`,
  );
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
  let failure = '';
  nginx.once('error', (error) => (failure = `nginx does not start: ${error.message}`));
  nginx.once('exit', (code) => (failure ||= `nginx ended with ${code}`));
  while (!(await accepts(port))) {
    if (failure) throw new Error(failure);
    await sleep(20);
  }
  return { port, origin: `http://127.0.0.1:${port}`, pid: nginx.pid, stop: () => void nginx.kill() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
