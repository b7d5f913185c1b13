// Main's side of the control socket: it decodes operator requests, passes them to the writer, and answers when the
// writer has replied. It changes nothing itself.

import { type OperatorRequest, decodeOperatorRequest } from '../domain/operator-request.ts';
import { type ControlServer, controlSocketPath, serveControl } from '../../io/control-socket.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';

/** What {@link OperatorRequests} needs of main. */
export interface OperatorRequestsParts {
  /** Passes the request to the writer. The reply comes to `answer` under the same number. */
  ask(id: number, request: OperatorRequest): void;
  /** The socket cannot be opened: everything else works, and operator requests need the program stopped. */
  failed(sentence: string, error: unknown): void;
}

/** The control socket beside the database, and the requests that wait for the writer. */
export class OperatorRequests implements Part {
  readonly #databasePath: string;
  readonly #parts: OperatorRequestsParts;
  /** The clients that wait for the writer, by the number of their request. */
  readonly #waiting = new Map<number, (reply: OperatorRequestReply) => void>();
  #nextId = 1;
  #server: ControlServer | null = null;
  #isStopped = false;

  constructor(databasePath: string, parts: OperatorRequestsParts) {
    this.#databasePath = databasePath;
    this.#parts = parts;
  }

  /** Listens beside the database, whose lock the caller holds. */
  async start(): Promise<void> {
    try {
      const path = controlSocketPath(this.#databasePath);
      this.#server = await serveControl(path, (request) => this.#reply(request));
      if (this.#isStopped) this.#server.stop();
    } catch (error) {
      const what = 'the socket beside the database cannot be made';
      this.#parts.failed(error instanceof CodedError ? error.message : what, error);
    }
  }

  answer(id: number, reply: OperatorRequestReply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#server?.stop();
  }

  async #reply(request: unknown): Promise<OperatorRequestReply> {
    const decoded = decodeOperatorRequest(request);
    if (typeof decoded === 'string') return { type: 'refused', code: 'usage', sentence: decoded };
    const id = this.#nextId++;
    this.#parts.ask(id, decoded);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
