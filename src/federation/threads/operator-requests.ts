// Main's end of the control socket: decodes what an operator's commands ask, has the writer make it, and answers when that
// is done. It changes nothing itself.

import { type Change, decodeChange } from '../domain/operator-request.ts';
import { type ControlServer, controlSocketPath, serveControl } from '../../io/control-socket.ts';
import type { ChangeReply } from '../store/change-reply.ts';

export class OperatorCommands {
  readonly #ask: (id: number, change: Change) => void;
  /** Who waits for the writer, by the number asked under. */
  readonly #waiting = new Map<number, (reply: ChangeReply) => void>();
  #nextId = 1;
  #server: ControlServer | null = null;
  #isStopped = false;

  /** `ask` has the writer make the change; what became of it is told to {@link answer} under the same number. */
  constructor(ask: (id: number, change: Change) => void) {
    this.#ask = ask;
  }

  /**
   * Listens beside the database, whose lock the caller holds. Errors: `control_unreachable` if its path is too long, and
   * Node's if it cannot listen.
   */
  async start(databasePath: string): Promise<void> {
    const server = await serveControl(controlSocketPath(databasePath), (request) => this.#change(request));
    if (this.#isStopped) server.stop();
    this.#server = server;
  }

  answer(id: number, reply: ChangeReply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  stop(): void {
    this.#isStopped = true;
    this.#server?.stop();
  }

  async #change(request: unknown): Promise<ChangeReply> {
    const decoded = decodeChange(request);
    if (typeof decoded === 'string') return { type: 'refused', code: 'usage', sentence: decoded };
    const id = this.#nextId++;
    this.#ask(id, decoded);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
