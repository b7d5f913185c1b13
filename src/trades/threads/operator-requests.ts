// The main thread's side of operator requests: decodes what comes over the control socket, and has the outbox listed or
// dead letters replayed. It changes nothing itself.

import { ControlDoor, type ControlReply } from '../../io/control-door.ts';
import type { Log } from '../../io/log.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Part } from '../../lib/part.ts';
import {
  decodeOperatorRequest,
  type OperatorAnswers,
  type OperatorRequest,
  type Replayed,
} from '../domain/operator-request.ts';
import type { OutboxQuery, OutboxRow } from '../domain/questions.ts';

/** What {@link OperatorRequests} needs of the main thread. */
export interface OperatorRequestsParts {
  /** Rows of the outbox. */
  rows(query: OutboxQuery): Promise<readonly OutboxRow[]>;
  /** Replays dead letters. */
  replay(ids: readonly number[] | 'all'): Promise<Replayed>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** The control socket beside the database. */
export class OperatorRequests implements Part {
  readonly #parts: OperatorRequestsParts;
  readonly #door: ControlDoor;

  constructor(databasePath: string, parts: OperatorRequestsParts) {
    this.#parts = parts;
    this.#door = new ControlDoor(databasePath, {
      reply: (request) => this.#reply(request),
      failed: (sentence, error) => {
        const what = 'operator requests need the program stopped';
        parts.log.warn(`control socket: ${sentence}; ${what}`, { error });
      },
    });
  }

  /** Listens beside the database, whose lock the caller holds. */
  start(): Promise<void> {
    return this.#door.start();
  }

  stop(): Promise<void> {
    return this.#door.stop();
  }

  async #reply(value: unknown): Promise<ControlReply> {
    const request = decodeOperatorRequest(value);
    if (typeof request === 'string') return { type: 'refused', code: 'usage', sentence: request };
    try {
      return { type: 'made', answer: await this.#answer(request) };
    } catch (error) {
      if (error instanceof CodedError) return { type: 'refused', code: error.code, sentence: error.message };
      this.#parts.log.error('an operator request failed', { error });
      return { type: 'refused', code: 'internal', sentence: 'The request failed; the log says why.' };
    }
  }

  #answer(request: OperatorRequest): Promise<OperatorAnswers[OperatorRequest['type']]> {
    if (request.type === 'replay') return this.#parts.replay(request.ids);
    const { state, limit } = request;
    return this.#parts.rows({ state, beforeId: null, limit });
  }
}
