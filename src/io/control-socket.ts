// The Unix socket beside a database, over which commands reach the program that holds the database. The request is one
// line of JSON, and so is the answer. Only the user who runs the program may connect (mode 0600). This file does not
// interpret requests.

import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { CodedError } from '../lib/errors.ts';
import { SOCKET_PATH_BYTES_MAX, socketPath } from './socket-path.ts';

/** Maximum size of one request; a change is a few hundred bytes. */
export const CONTROL_REQUEST_BYTES_MAX = 4_096;
/** Maximum size of one answer: the list of all keys that can exist, at some 300 bytes each. */
export const CONTROL_ANSWER_BYTES_MAX = 16_777_216;
/** Maximum number of open connections; the server closes further ones at once. */
export const CONTROL_CONNECTIONS_MAX = 8;

/** Maximum silence of a client in the middle of its request. */
const IDLE_MAX_MS = 5_000;
/** Maximum wait for the answer: a commit on a slow disk. */
const ANSWER_TIME_MAX_MS = 15_000;

/**
 * Returns the path of a database's socket: relative or absolute, whichever is shorter. Errors: `control_unreachable` if
 * both are too long for a socket.
 */
export function controlSocketPath(databasePath: string): string {
  const { path, isShortEnough } = socketPath(`${databasePath}.sock`);
  if (isShortEnough) return path;
  throw new CodedError(
    'control_unreachable',
    `The path ${path} is longer than the ${SOCKET_PATH_BYTES_MAX} bytes that a Unix socket may have: run the command with the program stopped, or choose a shorter DB_PATH.`,
  );
}

/** A socket that answers requests. */
export interface ControlServer {
  /** Ends every connection and removes the socket. */
  stop(): void;
}

/**
 * Answers requests at `path`. The caller must hold the database's lock, so a socket file that is already there is
 * stale. `answer` may not throw. Rejects with Node's error if it cannot listen.
 */
export function serveControl(
  path: string,
  answer: (request: unknown) => Promise<unknown>,
): Promise<ControlServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // A client that disconnects early is not an error of this program.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MAX_MS, () => socket.destroy());
    readLine(socket, CONTROL_REQUEST_BYTES_MAX, (line) => {
      socket.setTimeout(0);
      void answer(parse(line)).then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
    });
  });
  server.maxConnections = CONTROL_CONNECTIONS_MAX;
  rmSync(path, { force: true });
  return new Promise((resolvePromise, reject) => {
    server.once('error', reject);
    // The kernel admits clients from the moment it listens, before this process could change the mode, so the umask
    // makes the socket with the right mode.
    const usual = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolvePromise({
          stop() {
            server.close();
            for (const socket of open) socket.destroy();
            rmSync(path, { force: true });
          },
        });
      });
    } finally {
      process.umask(usual);
    }
  });
}

/**
 * Sends a request to the program that listens at `path`. Rejects with `control_unreachable` if no program listens, or
 * if no answer comes.
 */
export function askControl(path: string, request: unknown): Promise<unknown> {
  return new Promise((resolvePromise, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(
        new CodedError(
          'control_unreachable',
          `The program that holds the database does not answer at ${path} (${why}).`,
          {
            cause,
          },
        ),
      );
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    socket.setTimeout(ANSWER_TIME_MAX_MS, () => {
      fail('no answer in time');
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'unknown error', error));
    socket.once('close', () => fail('the connection was closed'));
    readLine(socket, CONTROL_ANSWER_BYTES_MAX, (line) => {
      const reply = parse(line);
      if (reply === undefined) fail('not an answer');
      else resolvePromise(reply);
      socket.end();
    });
  });
}

/** Passes the first line to `found`; ends the connection if the line is longer than `bytesMax`. */
function readLine(socket: Socket, bytesMax: number, found: (line: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const take = (chunk: Buffer) => {
    const end = chunk.indexOf(0x0a);
    bytes += end < 0 ? chunk.length : end;
    if (bytes > bytesMax) {
      socket.destroy();
      return;
    }
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    if (end < 0) return;
    socket.off('data', take);
    // Further data is ignored, but must be read so that the connection can end.
    socket.resume();
    found(Buffer.concat(chunks));
  };
  socket.on('data', take);
}

/** Undefined if the line is not JSON; no request and no answer is `undefined`. */
function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}
