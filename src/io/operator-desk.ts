// A running program's desk for operator requests: it decodes what comes over the control socket, has it answered, and
// makes a refusal of an error. It knows no request.

import { CodedError } from '../lib/errors.ts';
import type { Part } from '../lib/part.ts';
import { ControlDoor, type ControlReply } from './control-door.ts';
import type { Log } from './log.ts';

/** What an {@link OperatorDesk} needs of its program. */
export interface OperatorDeskParts<Request extends object> {
  /** Decodes what came; a sentence about the mistake if it is no request. */
  decode(value: unknown): Request | string;
  /** Answers a request. A `CodedError` refuses it with its sentence; any other error is a defect, and is logged. */
  answer(request: Request): Promise<unknown>;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

/** The desk, open from `start` to `stop`. */
export class OperatorDesk<Request extends object> implements Part {
  readonly #parts: OperatorDeskParts<Request>;
  readonly #door: ControlDoor;

  constructor(databasePath: string, parts: OperatorDeskParts<Request>) {
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
    const request = this.#parts.decode(value);
    if (typeof request === 'string') return { type: 'refused', code: 'usage', sentence: request };
    try {
      return { type: 'made', answer: await this.#parts.answer(request) };
    } catch (error) {
      if (error instanceof CodedError) return { type: 'refused', code: error.code, sentence: error.message };
      this.#parts.log.error('an operator request failed', { error });
      return { type: 'refused', code: 'internal', sentence: 'The request failed; the log says why.' };
    }
  }
}
