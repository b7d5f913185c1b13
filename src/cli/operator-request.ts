// Sends an operator's request to the program that holds the database, over its socket. If no program holds the database,
// this process applies the request itself, under the lock. It knows no request.

import { setTimeout as delay } from 'node:timers/promises';
import type { ControlReply } from '../io/control-door.ts';
import { askControl, controlSocketPath } from '../io/control-socket.ts';
import { type Backoff, backoffMs } from '../lib/backoff.ts';
import { randomShare, systemClock } from '../lib/clock.ts';
import { COMMAND_DESCRIPTORS, requireDescriptors } from '../lib/descriptors.ts';
import { CodedError } from '../lib/errors.ts';
import { isObject } from '../lib/is-object.ts';
import { complain } from './output.ts';
import {
  type Database,
  databaseNotFound,
  type DatabaseProgram,
  explainReading,
  openWriter,
} from '../store/database.ts';
import { lookForDatabase } from '../store/database-place.ts';
import { emptyLog, STOP_EMPTY_LOG_MS } from '../store/empty-log.ts';
import { type DatabaseLock, lockDatabase } from '../store/lock.ts';

/**
 * Total time in which the command tries again. A program that is starting or stopping holds the lock for a moment
 * without a socket.
 */
const TRY_FOR_MS = 5_000;
const TRY_AGAIN: Backoff = { leastMs: 100, mostMs: 500 };

/** A database to which operators have requests. */
export interface OperatedDatabase<Request extends object> {
  readonly path: string;
  readonly program: DatabaseProgram;
  /** Applies the request to the database, which no program holds, and gives the answer once that is on the disk. */
  applyAlone(database: Database, request: Request): unknown;
}

/**
 * Returns the answer to the request, which the caller has checked. Errors: those with which the program or `applyAlone`
 * refuses the request, `control_unreachable`, and those of opening a database.
 */
export async function answerTo<Request extends object>(
  operated: OperatedDatabase<Request>,
  request: Request,
): Promise<unknown> {
  const { path, program } = operated;
  requireDescriptors(COMMAND_DESCRIPTORS);
  if ((lookForDatabase(path)?.size ?? 0) === 0) throw databaseNotFound(path);
  const deadlineMs = systemClock.monotonicMs() + TRY_FOR_MS;
  for (let failures = 0; ; failures += 1) {
    const lock = lockOrNull(path, program);
    if (lock !== null) return applyUnder(lock, operated, request);
    try {
      return readReply(await askControl(controlSocketPath(path), request));
    } catch (error) {
      const isAway = error instanceof CodedError && error.code === 'control_unreachable';
      if (!isAway || systemClock.monotonicMs() > deadlineMs) throw error;
    }
    await delay(backoffMs(TRY_AGAIN, failures, randomShare()));
  }
}

/** Takes the lock; returns null if another process holds it. */
function lockOrNull(path: string, program: DatabaseProgram): DatabaseLock | null {
  try {
    return lockDatabase(path, program);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'database_in_use') return null;
    throw error;
  }
}

async function applyUnder<Request extends object>(
  lock: DatabaseLock,
  { path, program, applyAlone }: OperatedDatabase<Request>,
  request: Request,
): Promise<unknown> {
  try {
    const database = openWriter(path, program, null, true);
    try {
      return await applyAlone(database, request);
    } finally {
      // Also if another process is reading the file.
      emptyLog(database, STOP_EMPTY_LOG_MS, systemClock);
      database.close();
    }
  } catch (error) {
    throw explainReading(error, path);
  } finally {
    lock.release();
  }
}

function readReply(reply: unknown): unknown {
  if (isReply(reply)) {
    if (reply.type === 'made') {
      if (typeof reply.note === 'string') complain(`${reply.note}\n`);
      return reply.answer;
    }
    throw new CodedError(reply.code, reply.sentence);
  }
  throw new CodedError(
    'internal',
    'The program that holds the database gave an answer that this command does not understand.',
  );
}

function isReply(reply: unknown): reply is ControlReply {
  if (!isObject(reply)) return false;
  if (reply['type'] === 'made') return 'answer' in reply;
  return typeof reply['code'] === 'string' && typeof reply['sentence'] === 'string';
}
