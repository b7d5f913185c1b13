// Venues for tests, which end with the test; and keys that must be seen nowhere.

import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers, type Timers } from '../../../../src/lib/timers.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import type { TinyExchange } from './tiny-exchanges.ts';

export const A = { apiKey: 'planted-key-of-a', secret: 'planted-secret-of-a' };
export const B = { apiKey: 'planted-key-of-b', secret: 'planted-secret-of-b' };
/** Kraken's secrets are base64. */
export const OF_KRAKEN = { apiKey: A.apiKey, secret: Buffer.from('planted-secret').toString('base64') };

/** Venues that reach these servers; `lines` gets what is logged. */
export function venuesOf(
  servers: Readonly<Record<string, TinyExchange>>,
  {
    lines = [],
    clock = systemClock,
    timers = systemTimers,
  }: { readonly lines?: string[]; readonly clock?: Clock; readonly timers?: Timers } = {},
): Venues {
  const exchangeUrls = new Map(Object.entries(servers).map(([id, { origin }]) => [id, origin]));
  const write = (line: string) => void lines.push(line);
  const venues = new Venues({ exchangeUrls }, { clock, timers, log: { info: write, warn: write } });
  onTestFinished(async () => {
    await venues.stop();
    await Promise.all(Object.values(servers).map(({ server }) => server.close()));
  });
  return venues;
}
