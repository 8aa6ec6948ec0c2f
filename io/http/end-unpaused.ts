import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

/**
 * Connections that may end while their body is held back. undici then fails by an assertion (`!this.paused`) that nobody
 * can catch. Here an end waits until the reader goes on, and what breaks is told at once. It also takes a reset for the end
 * of a body that has no length, though bytes may be lost then; here that is a break.
 */
export function endingUnpaused(connect: buildConnector.connector): buildConnector.connector {
  return (where, callback) => {
    connect(where, (...result) => {
      // It leaves the socket out where the connection fails.
      const socket = result[1] ?? undefined;
      if (socket !== undefined) endUnpaused(socket);
      callback(...result);
    });
  };
}

/** What undici keeps of a connection under a symbol of its own. */
interface Parser {
  paused: boolean;
  /** False where the end of the connection may be the end of a body. */
  shouldKeepAlive: boolean;
  /** Reads on after each pause, too. */
  readMore(): void;
}

function endUnpaused(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean;
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const parser = event === 'end' || event === 'error' || event === 'close' ? parserOf(socket) : undefined;
    if (event === 'error' && parser) parser.shouldKeepAlive = true;
    if (!parser?.paused) return emit(event, ...args);
    if (event === 'end') {
      // undici destroys the socket once it is told of the end; Node would do so now.
      socket.allowHalfOpen = true;
      afterPause(parser, () => emit('end'));
      return true;
    }
    parser.paused = false;
    return emit(event, ...args);
  };
}

function afterPause(parser: Parser, then: () => void): void {
  const readMore = parser.readMore.bind(parser);
  parser.readMore = () => {
    readMore();
    if (parser.paused) return;
    parser.readMore = readMore;
    then();
  };
}

function parserOf(socket: Socket): Parser | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser');
  return symbol && ((socket as unknown as Record<symbol, unknown>)[symbol] as Parser | undefined);
}
