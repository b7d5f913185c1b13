// Sends an operator request to the program that holds the database, over its socket. If no program holds the database,
// this process applies the request itself, under the lock.

import { setTimeout as delay } from 'node:timers/promises';
import { COMMAND_DESCRIPTORS } from '../../lib/descriptors.ts';
import { STOP_EMPTY_LOG_MS } from '../../store/empty-log.ts';
import type { Settings } from '../config/settings.ts';
import {
  type OperatorRequest,
  type OperatorAnswers,
  decodeOperatorRequest,
} from '../domain/operator-request.ts';
import { askControl, controlSocketPath } from '../../io/control-socket.ts';
import { requireDescriptors } from '../../lib/descriptors.ts';
import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { CodedError, type ErrorCode } from '../../lib/errors.ts';
import { databaseNotFound, explainReading } from '../../store/database.ts';
import { FEDERATION_DATABASE, openFederationExisting } from '../store/federation-database.ts';
import { lookForDatabase } from '../../store/database-place.ts';
import { emptyLog } from '../../store/empty-log.ts';
import { applyOperatorRequest } from '../store/apply-operator-request.ts';
import { FederationWriter } from '../store/writer.ts';
import { writerOptions } from '../store/writer-options.ts';
import { type DatabaseLock, lockDatabase } from '../../store/lock.ts';

/**
 * Total time in which the command tries again. A program that is starting or stopping holds the lock for a moment
 * without a socket.
 */
const TRY_FOR_MS = 5_000;
const TRY_AGAIN: Backoff = { leastMs: 100, mostMs: 500 };

/**
 * Applies the request and returns the answer. Errors: `usage` if the request is malformed, those of
 * `applyOperatorRequest`, `control_unreachable`, and those of opening a database.
 */
export async function performOperatorRequest<R extends OperatorRequest>(
  settings: Settings,
  request: R,
): Promise<OperatorAnswers[R['type']]> {
  const wrong = decodeOperatorRequest(request);
  if (typeof wrong === 'string') throw new CodedError('usage', `${wrong} --help lists the options.`);
  requireDescriptors(COMMAND_DESCRIPTORS);
  if ((lookForDatabase(settings.databasePath)?.size ?? 0) === 0) {
    throw databaseNotFound(settings.databasePath);
  }
  const deadlineMs = systemClock.monotonicMs() + TRY_FOR_MS;
  for (let failures = 0; ; failures += 1) {
    const lock = lockOrNull(settings.databasePath);
    if (lock !== null) return applyAlone(settings, request, lock) as OperatorAnswers[R['type']];
    try {
      return readReply(
        await askControl(controlSocketPath(settings.databasePath), request),
      ) as OperatorAnswers[R['type']];
    } catch (error) {
      const isAway = error instanceof CodedError && error.code === 'control_unreachable';
      if (!isAway || systemClock.monotonicMs() > deadlineMs) throw error;
    }
    await delay(backoffMs(TRY_AGAIN, failures, randomShare()));
  }
}

/** Takes the lock; returns null if another process holds it. */
function lockOrNull(databasePath: string): DatabaseLock | null {
  try {
    return lockDatabase(databasePath, FEDERATION_DATABASE);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'database_in_use') return null;
    throw error;
  }
}

function applyAlone(settings: Settings, request: OperatorRequest, lock: DatabaseLock): unknown {
  const { databasePath: path, aggregatorId } = settings;
  try {
    const database = openFederationExisting(path);
    const writer = new FederationWriter(database, writerOptions(settings), aggregatorId);
    try {
      return writer.durably(() => {
        const nowMs = systemClock.nowMs();
        // The broker's clock is unknown here. The program corrects this guess once it has read the stream to its end.
        const answer = applyOperatorRequest(writer, request, { nowMs, brokerMs: nowMs });
        writer.commit(systemClock.nowMs(), writer.observedMs);
        return answer;
      });
    } finally {
      // Also if another process is reading the file.
      emptyLog(database, STOP_EMPTY_LOG_MS, systemClock);
      writer.close();
    }
  } catch (error) {
    throw explainReading(error, path);
  } finally {
    lock.release();
  }
}

function readReply(reply: unknown): unknown {
  if (typeof reply === 'object' && reply !== null && 'type' in reply) {
    if (reply.type === 'made' && 'answer' in reply) return reply.answer;
    if ('code' in reply && 'sentence' in reply) {
      throw new CodedError(String(reply.code) as ErrorCode, String(reply.sentence));
    }
  }
  throw new CodedError(
    'internal',
    'The program that holds the database gave an answer that this command does not understand.',
  );
}
