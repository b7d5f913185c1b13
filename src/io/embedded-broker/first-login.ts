// Waits until a nats-server that was just started or taken over accepts the program's login. Then it is the expected
// server, and JetStream has read its streams. This file starts no server.

import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { AGGREGATOR_USER } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { lastComplaint } from './log-file.ts';
import { takesLogin } from './probe.ts';
import type { ServerProcess } from './server-process.ts';

const READY_POLL_MS = 25;
// JetStream reads its streams before the server listens, which may take long.
const READY_TIMEOUT_MS = 60_000;

/** The server's address, login and log. */
export interface ExpectedServer {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly logFile: string;
  /** Time that the server has until it answers; a minute if absent. */
  readonly readyTimeoutMs?: number | undefined;
}

/**
 * Resolves when the server accepts the program's password. Otherwise it ends the server and throws
 * `broker_start_failed` or the signal's reason.
 */
export async function firstLogin(
  server: ServerProcess,
  expected: ExpectedServer,
  signal: AbortSignal,
): Promise<ServerProcess> {
  const { serverName, aggregatorPassword } = expected.credentials;
  const deadlineMs = systemClock.monotonicMs() + (expected.readyTimeoutMs ?? READY_TIMEOUT_MS);
  const ended = server.ended.then((how) => `ended at once (${how})`);
  try {
    for (;;) {
      signal.throwIfAborted();
      const login = takesLogin(expected, serverName, AGGREGATOR_USER, aggregatorPassword);
      const outcome = await Promise.race([login, ended]);
      if (outcome === true) return server;
      if (outcome !== false) throw startFailed(outcome, server, expected.logFile);
      if (systemClock.monotonicMs() > deadlineMs)
        throw startFailed('does not answer', server, expected.logFile);
      await Promise.race([ended, wait(READY_POLL_MS)]);
    }
  } catch (error) {
    await server.end();
    throw error;
  }
}

function startFailed(how: string, server: ServerProcess, logFile: string): CodedError {
  const reason = lastComplaint(logFile, server.logOffset) || `see ${logFile}`;
  return new CodedError('broker_start_failed', `The broker's nats-server ${how}: ${reason}`);
}
