// Keeps a nats-server running: starts another whenever it ends unasked, for as long as it takes. Never gives up and
// never reports the same outage twice.

import { setTimeout as wait } from 'node:timers/promises';
import { type Backoff, backoffMs } from '../../lib/backoff.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { killProcess } from './system-process.ts';
import type { ServerProcess } from './server-process.ts';

const WELL_RUNNING_MS = 10_000;
const RESTART: Backoff = { leastMs: 50, mostMs: 2_000 };

/**
 * What it needs: how to start another (resolves when it is ready, leaves nothing when it fails), and whom to tell. Only
 * a failed restart is logged here, once per outage; `onDown` and `onUp` tell the rest.
 */
export interface SupervisionParts {
  startAnother(signal: AbortSignal): Promise<ServerProcess>;
  log(level: 'info' | 'warn' | 'error', message: string): void;
  onDown(reason: string): void;
  onUp(): void;
}

/** `stop` resolves when no process is left, whatever was under way. */
export interface Supervision {
  stop(): Promise<void>;
  /** Kills the process without waiting, for a program that ends at once. */
  kill(): void;
}

/** Takes over a server that is ready. */
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
      // One that dies young each time is a failing one, though each start succeeded.
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
      // `finished` may have had one more in hand, become ready in the instant before.
      await current.end();
    },
  };
}
