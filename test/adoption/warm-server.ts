// The program in a process that stays, for tests that type many commands: node's start and the loading of the program would
// be most of their time. A request is one command line; argv[2] is the socket.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
import { writeFile } from 'node:fs/promises';
import { run } from '../../cli/wiring/run-command.ts';

/** NUL between its parts: where the outputs go, the current directory, how many arguments, they, and the environment. */
function parse(request: Buffer): { outputs: string; cwd: string; argv: string[]; env: Record<string, string> } {
  const [outputs = '', cwd = '', count = '0', ...rest] = request.toString('utf8').split('\0');
  const argv = rest.slice(0, Number(count));
  const pairs = rest.slice(Number(count)).flatMap((line): [string, string][] => {
    const at = line.indexOf('=');
    return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  return { outputs, cwd, argv, env: Object.fromEntries(pairs) };
}

createServer((request, response) => {
  void (async () => {
    const { outputs, cwd, argv, env } = parse(await buffer(request));
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const written = Promise.all([buffer(stdout), buffer(stderr)]);
    const signal = new AbortController().signal;
    const stdin = new PassThrough();
    const code = await run({ argv, env, cwd, stdin, stdout, stderr, now: new Date(), signal });
    stdout.end();
    stderr.end();
    const [out, err] = await written;
    await writeFile(`${outputs}/out`, out);
    await writeFile(`${outputs}/err`, err);
    response.end(String(code));
  })().catch((error: unknown) => response.writeHead(500).end(String(error)));
}).listen(process.argv[2], () => process.stdout.write('ready\n'));
