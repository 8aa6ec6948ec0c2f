import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a host answers instead of git. */
export type GitAnswer = (request: IncomingMessage, response: ServerResponse) => void;

export const page = (type: string, body: string, status = 200): GitAnswer => {
  return (_, response) => void response.writeHead(status, { 'content-type': type }).end(body);
};

const packet = (text: string | Buffer): Buffer => {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from((body.length + 4).toString(16).padStart(4, '0')), body]);
};
export const FLUSH = Buffer.from('0000');
const TIP = 'a'.repeat(40);

/** A host that speaks git until it sends what was asked for: then it sends `chunks`, for ever. */
export function endless(first: Buffer, chunks: Buffer): GitAnswer {
  const capabilities = ['version 2\n', 'ls-refs\n', 'fetch=shallow filter\n', 'object-format=sha1\n'].map(packet);
  return (request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.end(Buffer.concat([packet('# service=git-upload-pack\n'), FLUSH, ...capabilities, FLUSH]));
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (chunk: Buffer) => parts.push(chunk));
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      if (Buffer.concat(parts).includes('command=ls-refs')) {
        response.end(Buffer.concat([packet(`${TIP} refs/heads/main\n`), FLUSH]));
        return;
      }
      response.on('error', () => undefined);
      response.write(Buffer.concat([packet('packfile\n'), first]));
      const more = (): void => {
        while (chunks.length > 0 && !response.destroyed) {
          if (!response.write(chunks)) return void response.once('drain', more);
        }
      };
      more();
    });
  };
}

/** A host that lists branches without an end. */
export function endlessBranches(): GitAnswer {
  const honest = endless(FLUSH, Buffer.alloc(0));
  return (request, response) => {
    if (request.method === 'GET') return honest(request, response);
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
    let count = 0;
    const more = (): void => {
      while (!response.destroyed) {
        const lines = Array.from({ length: 2000 }, () => packet(`${TIP} refs/heads/main-${count++}\n`));
        if (!response.write(Buffer.concat(lines))) return void response.once('drain', () => setImmediate(more));
      }
    };
    more();
  };
}

export const band = (number: number, bytes: string | Buffer) =>
  packet(Buffer.concat([Buffer.from([number]), Buffer.from(bytes)]));
/** A pack of one file of 2^39 bytes; what follows are blocks of it that nobody compressed. */
export const PACK = Buffer.concat([
  Buffer.from('PACK'),
  Buffer.from([0, 0, 0, 2, 0, 0, 0, 1]),
  Buffer.from([0xb0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x78, 0x01]),
]);
export const BLOCK = Buffer.concat([Buffer.from([0, 0x00, 0x80, 0xff, 0x7f]), Buffer.alloc(0x8000, 'x')]);

/** Hosts that are not git hosts. */
export const PORTALS: readonly (readonly [string, GitAnswer])[] = [
  ["a captive portal's page", page('text/html', '<html>\n<body>Log in\there</body>\n</html>\n')],
  ['a page of one line', page('text/html', '<html>Log in here</html>')],
  ['JSON', page('application/json', '{"error":"who are you?"}')],
  ['an empty answer', page('text/plain', '')],
  ['a page under the right name', page('application/x-git-upload-pack-advertisement', '<html>Log in</html>\n')],
  ['a page with a status of its own', page('text/html', 'authenticate', 511)],
  ['a connection that ends', (request) => void request.socket.destroy()],
];
