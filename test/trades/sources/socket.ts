// The WebSocket of jobs on a port of its own, with a desk of one job that a test may look into.

import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/lib/clock.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import type { TakeOutcome } from '../../../src/trades/domain/job.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { decodeTrades, TradeLog } from '../../../src/trades/domain/trade-log.ts';
import { type JobDesk, JobSocket } from '../../../src/trades/sources/job-socket.ts';
import { openClient, type TestClient } from '../../io/web-socket-client.ts';

export const JOB_ID = '0123456789abcdef0123456789abcdef';
export const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
const CLOCK: Clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };

/** A desk of one job with a real trade log. */
export class OneJobDesk implements JobDesk {
  readonly #log = new TradeLog();
  readonly #ends = new Set<() => void>();
  readonly tokens: (string | null)[] = [];
  readonly asked: string[] = [];
  tradesMax = 1_000_000;
  /** What the job says to every trade; null takes them. */
  outcome: TakeOutcome | null = null;
  isTokenWrong = false;

  enter(jobId: string, token: string | null): ReturnType<JobDesk['enter']> {
    this.asked.push(jobId);
    this.tokens.push(token);
    if (jobId !== JOB_ID) return 'unknown';
    if (this.isTokenWrong) return 'unauthenticated';
    return {
      take: (trade) => {
        if (this.outcome !== null) return this.outcome;
        return this.#log.trades >= this.tradesMax ? 'too_many' : this.#log.append(trade);
      },
      onEnd: (called) => {
        this.#ends.add(called);
        return () => void this.#ends.delete(called);
      },
    };
  }

  /** Number of clients that wait for the job's end. */
  get clients(): number {
    return this.#ends.size;
  }

  end(): void {
    for (const called of this.#ends) called();
  }

  /** The trades so far, which the log then no longer holds. */
  release(): Trade[] {
    return [...decodeTrades(this.#log.release())];
  }
}

export interface OpenSocket {
  readonly socket: JobSocket;
  readonly desk: OneJobDesk;
  readonly url: string;
  connect(path?: string): Promise<TestClient>;
}

export async function openSocket(): Promise<OpenSocket> {
  const desk = new OneJobDesk();
  const socket = new JobSocket(
    {
      host: '127.0.0.1',
      port: 0,
      hostSetting: 'AGGREGATOR_HOST',
      portSetting: 'AGGREGATOR_WS_PORT',
      connectionsMax: 100,
      unsentBytesMax: 10_000_000,
    },
    { desk, clock: CLOCK, timers: systemTimers },
  );
  onTestFinished(() => socket.stop());
  const { url } = await socket.start();
  return { socket, desk, url, connect: (path = `/ws/${JOB_ID}`) => openClient(url + path) };
}
