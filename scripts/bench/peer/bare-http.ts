// What node itself makes of it: a server that has every file below a folder in memory and answers nothing else. Prints its port.
//   node dist/scripts/bench/peer/bare-http.js FOLDER
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const [, , folder = '.'] = process.argv;
const files = new Map(
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => [path.slice(folder.length), readFileSync(path)]),
);
const server = createServer(({ url = '' }, response) => {
  const bytes = files.get(url);
  if (bytes === undefined) return void response.writeHead(404).end();
  response.writeHead(200, ['content-type', 'application/octet-stream', 'content-length', String(bytes.length)]);
  response.end(bytes);
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
