// The listening end of a local link. The user and the group of the process may connect (mode 0660). A socket file that a
// dead process left is replaced, and one at which somebody answers never is. It knows no message.

import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { errorCode } from '../lib/error-code.ts';
import { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import { LinkConnection, type LinkConnectionParts, type LinkPeer, type LinkSession } from './local-link.ts';
import { SOCKET_PATH_BYTES_MAX, socketPath } from './socket-path.ts';

/** Connections at the same time: the peer, another one that is told so, and one that only looks. Further ones are closed. */
export const LINK_CONNECTIONS_MAX = 4;
/** Others than user and group may not connect. */
const UMASK = 0o117;

/** What a {@link LocalLinkServer} needs. */
export interface LocalLinkServerParts extends LinkConnectionParts {
  /** Takes a new connection. */
  accept(peer: LinkPeer): LinkSession;
}

/** Where it listens. */
export interface LocalLinkPlace {
  readonly path: string;
  /** The setting that names the path, for errors. */
  readonly setting: string;
}

/** The path that the system takes. Errors: `settings_invalid` if it is too long for a socket. */
export function linkPath({ path, setting }: LocalLinkPlace): string {
  const { path: shorter, isShortEnough } = socketPath(path);
  if (isShortEnough) return shorter;
  throw new CodedError(
    'settings_invalid',
    `${setting} ${JSON.stringify(path)} is longer than the ${SOCKET_PATH_BYTES_MAX} bytes that a Unix socket may have: choose a shorter path.`,
  );
}

/** Listens from `start` to `stop`. */
export class LocalLinkServer implements Part {
  readonly #place: LocalLinkPlace;
  readonly #connections = new Set<LinkConnection>();
  readonly #server: Server;
  #isStopped = false;

  constructor(place: LocalLinkPlace, parts: LocalLinkServerParts) {
    this.#place = place;
    this.#server = createServer((socket) => {
      const connection = new LinkConnection(socket, parts);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
      connection.open(parts.accept(connection));
    });
    this.#server.maxConnections = LINK_CONNECTIONS_MAX;
  }

  /**
   * Listens. Errors: `settings_invalid` for a path that is too long, `port_in_use` if a program answers there,
   * `listen_failed` with the system's code for another reason.
   */
  async start(): Promise<void> {
    const path = linkPath(this.#place);
    const { setting } = this.#place;
    const state = await stateOf(path);
    if (state === 'answers') {
      throw new CodedError(
        'port_in_use',
        `Another program answers at the socket ${path}: stop it, or set ${setting} to another path.`,
      );
    }
    // A file of another kind stays, and listening fails.
    if (state === 'stale' && isSocket(path)) rmSync(path, { force: true });
    await this.#listen(path).catch((error: unknown) => {
      throw new CodedError(
        'listen_failed',
        `Cannot listen at the socket ${path} (${errorCode(error) ?? 'no code'}): check ${setting}, and whether this user may write to its folder.`,
        { cause: error },
      );
    });
    if (this.#isStopped) this.#server.close();
  }

  /** Closes the connections when their peers have taken what was sent, and removes the socket. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.close();
    await closed;
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      // The kernel admits clients from the moment it listens, before this process could change the mode, so the umask
      // makes the socket with the right mode.
      const usual = process.umask(UMASK);
      try {
        this.#server.listen(path, () => {
          this.#server.off('error', reject);
          // An error of one connection that could not be accepted, for want of a descriptor, ends no other.
          this.#server.on('error', () => undefined);
          resolve();
        });
      } finally {
        process.umask(usual);
      }
    });
  }
}

/** Whether a program listens at the path, and whether a dead one left its socket there. */
function stateOf(path: string): Promise<'free' | 'stale' | 'answers'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('answers');
    });
    // Another error, for example of rights, shows again when this process listens.
    socket.once('error', (error) => {
      const code = errorCode(error);
      resolve(code === 'ECONNREFUSED' ? 'stale' : code === 'EAGAIN' ? 'answers' : 'free');
    });
  });
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
