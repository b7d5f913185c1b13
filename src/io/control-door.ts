// A running program's end of the control socket: it listens beside the database and passes on what comes. It knows no
// request, and the program works without it.

import { CodedError, type ErrorCode } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import { type ControlServer, controlSocketPath, serveControl } from './control-socket.ts';

/** The reply to a request over the control socket; the sentence is for the operator, and so is a note beside an answer. */
export type ControlReply<Answer = unknown> =
  | { readonly type: 'made'; readonly answer: Answer; readonly note?: string }
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly sentence: string };

/** What a {@link ControlDoor} needs. */
export interface ControlDoorParts {
  /** Replies to a request, which may be anything. May not throw. */
  reply(request: unknown): Promise<ControlReply>;
  /** The socket cannot be opened: everything else works, and operator requests need the program stopped. */
  failed(sentence: string, error: unknown): void;
}

/** The control socket beside a database, open from `start` to `stop`. */
export class ControlDoor implements Part {
  readonly #databasePath: string;
  readonly #parts: ControlDoorParts;
  #server: ControlServer | null = null;
  #isStopped = false;

  constructor(databasePath: string, parts: ControlDoorParts) {
    this.#databasePath = databasePath;
    this.#parts = parts;
  }

  /** Listens beside the database, whose lock the caller holds. Never throws. */
  async start(): Promise<void> {
    try {
      const path = controlSocketPath(this.#databasePath);
      this.#server = await serveControl(path, (request) => this.#parts.reply(request));
      if (this.#isStopped) this.#server.stop();
    } catch (error) {
      const what = 'the socket beside the database cannot be made';
      this.#parts.failed(error instanceof CodedError ? error.message : what, error);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#server?.stop();
  }
}
