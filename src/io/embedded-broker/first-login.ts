// Waits until a nats-server that was just started or taken over lets the program log in: then it is ours, it is the one that
// was meant, and JetStream has read its streams. It starts nothing.

import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { AGGREGATOR_USER } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import { lastComplaint } from './log-file.ts';
import { takesLogin } from './probe.ts';
import type { ServerProcess } from './server-process.ts';

const READY_POLL_MS = 25;
// JetStream reads its streams before the server listens.
const READY_TIMEOUT_MS = 60_000;

/** Where the server will listen, and who it is. */
export interface ExpectedServer {
  readonly host: string;
  readonly port: number;
  readonly credentials: Credentials;
  readonly logFile: string;
  /** How long it may take until it answers; absent: a minute. */
  readonly readyTimeoutMs?: number | undefined;
}

/** Resolves when the server takes the program's password; otherwise ends it and throws `broker_start_failed` or the signal's reason. */
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
