// What operators ask of the running service: the outbox listed, dead letters replayed. It changes nothing itself.

import type { Log } from '../../io/log.ts';
import { OperatorDesk } from '../../io/operator-desk.ts';
import { decodeOperatorRequest, type OperatorRequest, type Replayed } from '../domain/operator-request.ts';
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
export class OperatorRequests extends OperatorDesk<OperatorRequest> {
  constructor(databasePath: string, parts: OperatorRequestsParts) {
    super(databasePath, {
      log: parts.log,
      decode: decodeOperatorRequest,
      answer: (request) => {
        if (request.type === 'replay') return parts.replay(request.ids);
        const { state, limit } = request;
        return parts.rows({ state, beforeId: null, limit });
      },
    });
  }
}
