// A GitHub on loopback for benchmarks: its API is a process of its own, and a web server that the benchmark has started
// sends the bytes.
import { spawn } from 'node:child_process';
import { linkSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGitHub } from '../../test/servers/github/github.ts';

const SELF = fileURLToPath(import.meta.url);

export interface Upstream {
  readonly api: string;
  stop(): void;
}

/** The release v1 of `tool` has these files, each by the name of its folder; they lie below `root`, which `origin` serves. */
export async function startUpstream(
  tool: string,
  root: string,
  origin: string,
  files: readonly string[],
): Promise<Upstream> {
  const server = spawn(process.execPath, [SELF, tool, root, origin, ...files], { stdio: ['pipe', 'pipe', 'inherit'] });
  const api = await new Promise<string>((found) =>
    server.stdout.once('data', (data: Buffer) => found(String(data).trim())),
  );
  return { api, stop: () => server.stdin.end() };
}

/** Runs until its standard input ends. */
async function serve([tool = '', root = '', origin = '', ...files]: readonly string[]): Promise<void> {
  const github = await startGitHub({ names: { storage: origin } });
  const repository = github.addRepository(tool);
  const assets = files.map((file) => ({ name: `f${basename(dirname(file))}`, content: { file } }));
  const release = await repository.addRelease({ tag: 'v1', assets });
  for (const { id, content } of release.assets) {
    const path = join(root, 'github-production-release-asset', String(repository.id), String(id));
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'object' && 'file' in content) linkSync(content.file, path);
  }
  console.log(github.api);
  process.stdin.resume().on('end', () => process.exit());
}

if (process.argv[1] === SELF) await serve(process.argv.slice(2));
