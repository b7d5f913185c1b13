// What the three exchanges say of a key, read from servers that answer as they do.

import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { systemTimers } from '../../../../src/lib/timers.ts';
import { Venues } from '../../../../src/trades/enclave/exchanges/venues.ts';
import { startExchangeSim } from '../../../../src/trades/simulator/exchange-sim.ts';
import { EXCHANGE_NAMES, type KeyInput } from '../../../../src/trades/simulator/scenario.ts';

const KEY = { apiKey: 'planted-key', secret: Buffer.from('planted-secret').toString('base64') };
/** A whole second, for Bybit and Kraken tell no ms. */
const END_MS = Math.floor(Date.now() / 1_000) * 1_000 + 86_400_000;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function factsOf(exchange: (typeof EXCHANGE_NAMES)[number], rights: Partial<KeyInput>) {
  const sim = await startExchangeSim(exchange, {
    accounts: [{ name: 'a', userId: '53888001' }],
    keys: [{ ...KEY, account: 'a', ...rights }],
  });
  ends.push(() => sim.stop());
  const venues = new Venues(
    { exchangeUrls: new Map([[exchange, sim.url]]) },
    { clock: systemClock, timers: systemTimers, log: { info: () => undefined, warn: () => undefined } },
  );
  ends.push(() => venues.stop());
  return venues.venue(exchange, false).keyFacts(KEY, 'spot');
}

it.each(EXCHANGE_NAMES)('key of %s - one that only reads is taken as such', async (exchange) => {
  expect(await factsOf(exchange, {})).toEqual({
    userId: '53888001',
    canWithdraw: false,
    canTrade: false,
    isIpBound: true,
    expiresAtMs: null,
  });
});

it.each(EXCHANGE_NAMES)('key of %s - one that may do everything from anywhere is seen', async (exchange) => {
  expect(await factsOf(exchange, { canTrade: true, canWithdraw: true, isIpBound: false })).toMatchObject({
    canWithdraw: true,
    canTrade: true,
    isIpBound: false,
  });
});

it.each(EXCHANGE_NAMES)('key of %s - one that may withdraw and not trade is seen', async (exchange) => {
  expect(await factsOf(exchange, { canWithdraw: true })).toMatchObject({
    canWithdraw: true,
    canTrade: false,
  });
});

it.each(['bybit', 'kraken'] as const)('key of %s - its end is told', async (exchange) => {
  expect(await factsOf(exchange, { expiresAt: END_MS })).toMatchObject({ expiresAtMs: END_MS });
});
