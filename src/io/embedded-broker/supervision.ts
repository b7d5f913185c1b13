// Keeps a nats-server running: starts another whenever it ends unexpectedly. It tries for ever, and reports each outage
// once.

import { setTimeout as wait } from 'node:timers/promises';
import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { killProcess } from './system-process.ts';
import type { ServerProcess } from './server-process.ts';

const WELL_RUNNING_MS = 10_000;
const RESTART: Backoff = { leastMs: 50, mostMs: 2_000 };

/**
 * What the supervision needs. `startAnother` resolves when the new server is ready, and leaves no process if it fails.
 * The supervision logs only the first failed restart of an outage; `onDown` and `onUp` report the rest.
 */
export interface SupervisionParts {
  startAnother(signal: AbortSignal): Promise<ServerProcess>;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  onDown(reason: string): void;
  onUp(): void;
}

/** `stop` resolves when no process is left, even if a restart was in progress. */
export interface Supervision {
  stop(): Promise<void>;
  /** Kills the process without waiting, for a program that ends at once. */
  kill(): void;
}

/** Starts to supervise a server that is ready. */
export function supervise(server: ServerProcess, parts: SupervisionParts): Supervision {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = server;

  async function watch(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const upAtMs = systemClock.monotonicMs();
      const how = await current.ended;
      if (signal.aborted) return;
      // A server that ends soon after each start counts as failing, although each start succeeded.
      failures = systemClock.monotonicMs() - upAtMs > WELL_RUNNING_MS ? 0 : failures + 1;
      parts.onDown(how);
      let isFirstTry = true;
      while (!(await startAgain(failures, isFirstTry))) {
        if (signal.aborted) return;
        failures += 1;
        isFirstTry = false;
      }
      parts.onUp();
    }
  }

  async function startAgain(failures: number, isFirstTry: boolean): Promise<boolean> {
    try {
      await wait(backoffMs(RESTART, failures, randomShare()), undefined, { signal, ref: false });
      current = await parts.startAnother(signal);
      return true;
    } catch (error) {
      if (isFirstTry && !signal.aborted)
        parts.log('error', error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  const finished = watch();
  return {
    kill() {
      stopping.abort(new Error('the program ends at once'));
      killProcess(current.pid);
    },
    async stop() {
      stopping.abort(new Error('the broker is being stopped'));
      await current.end();
      await finished;
      // A restart may have succeeded just before the stop; this ends its server too.
      await current.end();
    },
  };
}
