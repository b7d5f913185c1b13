// Main's end of the control socket: decodes what an operator's commands ask, has the writer make it, and answers when that
// is done. It changes nothing itself.

import { type Change, decodeChange } from '../domain/operator-request.ts';
import { type ControlServer, controlSocketPath, serveControl } from '../../io/control-socket.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import type { ChangeReply } from '../store/change-reply.ts';

export interface OperatorCommandsParts {
  /** Has the writer make the change; what became of it is told to `answer` under the same number. */
  ask(id: number, change: Change): void;
  /** It cannot listen: all else goes on, but changes need the program stopped. */
  failed(sentence: string, error: unknown): void;
}

export class OperatorCommands implements Part {
  readonly #databasePath: string;
  readonly #parts: OperatorCommandsParts;
  /** Who waits for the writer, by the number asked under. */
  readonly #waiting = new Map<number, (reply: ChangeReply) => void>();
  #nextId = 1;
  #server: ControlServer | null = null;
  #isStopped = false;

  constructor(databasePath: string, parts: OperatorCommandsParts) {
    this.#databasePath = databasePath;
    this.#parts = parts;
  }

  /** Listens beside the database, whose lock the caller holds. */
  async start(): Promise<void> {
    try {
      const path = controlSocketPath(this.#databasePath);
      this.#server = await serveControl(path, (request) => this.#change(request));
      if (this.#isStopped) this.#server.stop();
    } catch (error) {
      const what = 'the socket beside the database cannot be made';
      this.#parts.failed(error instanceof CodedError ? error.message : what, error);
    }
  }

  answer(id: number, reply: ChangeReply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#server?.stop();
  }

  async #change(request: unknown): Promise<ChangeReply> {
    const decoded = decodeChange(request);
    if (typeof decoded === 'string') return { type: 'refused', code: 'usage', sentence: decoded };
    const id = this.#nextId++;
    this.#parts.ask(id, decoded);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
