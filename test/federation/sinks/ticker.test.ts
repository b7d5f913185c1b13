import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_STATISTICS } from '../../../src/federation/http/no-statistics.ts';
import { Ticker, type TickerParts } from '../../../src/federation/sinks/ticker.ts';

const INTERVAL_MS = 30_000;
const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A ticker whose places carry the time of their count, and a record of what it did. */
function ticker(changes: Partial<TickerParts> = {}) {
  const did = { counted: 0, ticks: [] as string[], failed: 0 };
  let atMs = 0;
  const parts: TickerParts = {
    readStatistics: (nowMs) =>
      Promise.resolve({
        nowMs,
        periods: { '1h': NO_STATISTICS, '24h': NO_STATISTICS, '7d': NO_STATISTICS, all: NO_STATISTICS },
      }),
    readGeography: () => {
      did.counted++;
      return Promise.resolve({ continentDistribution: { EU: did.counted }, locationDistribution: {} });
    },
    publish: () => Promise.resolve(true),
    store: () => undefined,
    done: ({ periods }) =>
      did.ticks.push(
        Object.values(periods)
          .map((data) => data.continentDistribution['EU'] ?? 0)
          .join(),
      ),
    failed: () => did.failed++,
    isCaughtUp: () => true,
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    ...changes,
  };
  const options = {
    intervalMs: INTERVAL_MS,
    publishes: true,
    aggregatorId: 'a',
  };
  const made = new Ticker(options, parts);
  /** Lets time pass in steps of the interval. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += INTERVAL_MS) {
      atMs += INTERVAL_MS;
      await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    }
  };
  return { made, did, pass };
}

describe('ticker', () => {
  it('ticker - places are counted with the first tick, and then once an hour', async () => {
    const { made, did, pass } = ticker();
    made.start();
    await pass(HOUR_MS - INTERVAL_MS);
    expect(did.counted).toBe(1);
    expect(did.ticks).toHaveLength(HOUR_MS / INTERVAL_MS);
    // All four periods carry the same places.
    expect(new Set(did.ticks)).toEqual(new Set(['1,1,1,1']));
    await pass(INTERVAL_MS);
    expect(did.counted).toBe(2);
    expect(did.ticks.at(-1)).toBe('2,2,2,2');
    await pass(5 * HOUR_MS);
    expect(did.counted).toBe(7);
    await made.stop();
  });

  it('ticker - there is no tick while catching up, and places are counted only at its end', async () => {
    let hasCaughtUp = false;
    const { made, did, pass } = ticker({ isCaughtUp: () => hasCaughtUp });
    made.start();
    await pass(2 * HOUR_MS);
    expect(did).toEqual({ counted: 0, ticks: [], failed: 0 });
    hasCaughtUp = true;
    await pass(INTERVAL_MS);
    expect(did.counted).toBe(1);
    await made.stop();
  });

  it('ticker - a slow tick is never overtaken, and a failed tick does not stop the next one', async () => {
    const answers: ((ok: boolean) => void)[] = [];
    const { made, did, pass } = ticker({
      readStatistics: (nowMs) =>
        new Promise((resolve, reject) =>
          answers.push((ok) =>
            ok
              ? resolve({
                  nowMs,
                  periods: {
                    '1h': NO_STATISTICS,
                    '24h': NO_STATISTICS,
                    '7d': NO_STATISTICS,
                    all: NO_STATISTICS,
                  },
                })
              : reject(new Error('too slow')),
          ),
        ),
    });
    made.start();
    await pass(10 * INTERVAL_MS);
    expect(answers).toHaveLength(1);
    answers[0]?.(false);
    await pass(INTERVAL_MS);
    expect(did.failed).toBe(1);
    expect(answers).toHaveLength(2);
    answers[1]?.(true);
    await pass(INTERVAL_MS);
    expect(did.ticks).toHaveLength(1);
    for (const answer of answers) answer(true);
    await made.stop();
  });
});
