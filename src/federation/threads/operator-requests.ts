// Main's side of operator requests: it decodes what comes over the control socket, passes it to the writer, and answers
// when the writer has replied. In a cluster it has requests that all replicas must carry out become commands instead. It
// changes nothing itself.

import { type OperatorRequest, decodeOperatorRequest } from '../domain/operator-request.ts';
import { type ClusterRequests, isCommand } from './cluster-requests.ts';
import { ControlDoor } from '../../io/control-door.ts';
import type { Part } from '../../lib/part.ts';
import type { OperatorRequestReply } from '../store/operator-request-reply.ts';

/** What {@link OperatorRequests} needs of main. */
export interface OperatorRequestsParts {
  /** Passes the request to the writer. The reply comes to `answer` under the same number. */
  ask(id: number, request: OperatorRequest): void;
  /** Replies to requests that become commands; null for a process on its own. */
  readonly cluster?: Pick<ClusterRequests, 'reply'> | null;
  /** The socket cannot be opened: everything else works, and operator requests need the program stopped. */
  failed(sentence: string, error: unknown): void;
}

/** The control socket beside the database, and the requests that wait for the writer. */
export class OperatorRequests implements Part {
  readonly #parts: OperatorRequestsParts;
  readonly #door: ControlDoor;
  /** The clients that wait for the writer, by the number of their request. */
  readonly #waiting = new Map<number, (reply: OperatorRequestReply) => void>();
  #nextId = 1;

  constructor(databasePath: string, parts: OperatorRequestsParts) {
    this.#parts = parts;
    this.#door = new ControlDoor(databasePath, {
      reply: (request) => this.#reply(request),
      failed: (sentence, error) => parts.failed(sentence, error),
    });
  }

  /** Listens beside the database, whose lock the caller holds. */
  start(): Promise<void> {
    return this.#door.start();
  }

  answer(id: number, reply: OperatorRequestReply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  stop(): Promise<void> {
    return this.#door.stop();
  }

  /** Asks the writer of this process, and nobody else. */
  ask(request: OperatorRequest): Promise<OperatorRequestReply> {
    const id = this.#nextId++;
    this.#parts.ask(id, request);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async #reply(request: unknown): Promise<OperatorRequestReply> {
    const decoded = decodeOperatorRequest(request);
    if (typeof decoded === 'string') return { type: 'refused', code: 'usage', sentence: decoded };
    const cluster = this.#parts.cluster ?? null;
    return cluster !== null && isCommand(decoded) ? cluster.reply(decoded) : this.ask(decoded);
  }
}
