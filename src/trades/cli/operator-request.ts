// Operator requests of trades: how they are checked before they are sent, and how they are applied if no program holds
// the database.

import { answerTo } from '../../cli/operator-request.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Database } from '../../store/database.ts';
import type { Fact } from '../domain/facts.ts';
import {
  decodeOperatorRequest,
  type OperatorAnswers,
  type OperatorRequest,
} from '../domain/operator-request.ts';
import type { OutboxQuery } from '../domain/questions.ts';
import { Replays } from '../sinks/replays.ts';
import { TRADES_DATABASE } from '../store/trades-database.ts';
import { TradesWriter } from '../store/writer.ts';
import { readOutbox } from '../workers/outbox-pages.ts';

/** This command deletes nothing that has become old. */
const FOR_EVER = 0;

/**
 * Applies the request to the database at `path` and returns the answer. Errors: `usage` if the request is malformed,
 * `control_unreachable`, and those of opening a database.
 */
export async function performOperatorRequest<R extends OperatorRequest>(
  path: string,
  request: R,
): Promise<OperatorAnswers[R['type']]> {
  const decoded = decodeOperatorRequest(request);
  if (typeof decoded === 'string') throw new CodedError('usage', `${decoded} --help lists the options.`);
  const answer = await answerTo({ path, program: TRADES_DATABASE, applyAlone }, decoded);
  return answer as OperatorAnswers[R['type']];
}

async function applyAlone(
  database: Database,
  request: OperatorRequest,
): Promise<OperatorAnswers[OperatorRequest['type']]> {
  if (request.type === 'listOutbox') return readOutbox(database, { ...request, beforeId: null });
  const writer = new TradesWriter(database, FOR_EVER);
  const replays = new Replays({
    rows: async (query: OutboxQuery) => readOutbox(database, query),
    commit: async (facts: readonly Fact[]) =>
      void writer.commit([{ facts, toldAtMs: systemClock.nowMs() }], true),
    // The next start finds the entry waiting.
    takeUp: () => undefined,
    nowMs: () => systemClock.nowMs(),
  });
  return replays.replay(request.ids);
}
