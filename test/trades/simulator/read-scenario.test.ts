// Scenarios: what is read, and that whatever is wrong is named.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExchangeSim, startExchangeSim } from '../../../src/trades/simulator/exchange-sim.ts';
import { parseScenario, readScenario } from '../../../src/trades/simulator/read-scenario.ts';

const T = '2025-01-01T00:00:00.000Z';
const KEY = { apiKey: 'k', secret: 's', account: 'a' };
const FILL = { at: T, market: 'BTCUSDT', side: 'buy', price: '1', amount: '1' };

function withFill(fill: unknown): unknown {
  return { accounts: [{ name: 'a', userId: '1', fills: [fill] }], keys: [] };
}

describe('a scenario', () => {
  it('a scenario - has defaults for what is not written', () => {
    const read = readScenario({
      ...(withFill({ ...FILL, fee: '-0.1' }) as object),
      keys: [KEY],
      markets: [{ id: 'M', base: 'B', quote: 'Q', kind: 'inverse' }],
      faults: [{ kind: 429 }],
    });
    expect(read).toMatchObject({
      exchange: null,
      clockOffsetMs: 0,
      pageSizeMax: Infinity,
      latencyMs: 1,
      markets: [{ settle: 'B', contractSize: '1', listedAtMs: -Infinity, delistedAtMs: Infinity }],
      keys: [{ canWithdraw: false, canTrade: false, isIpBound: true, expiresAtMs: Infinity }],
      faults: [{ atRequest: 1, times: 1, path: '', apiKey: null, retryAfter: null }],
    });
    expect(read.accounts[0]?.fills[0]).toMatchObject({
      atMs: Date.parse(T),
      visibleAtMs: Date.parse(T),
      cause: 'trade',
      fees: [{ asset: null, amount: '-0.1' }],
      kind: null,
    });
  });

  const wrong: readonly [string, unknown, RegExp][] = [
    ['no object', [], /wrong at the top: an object must stand here/],
    [
      'an unknown member',
      { ...(withFill(FILL) as object), feez: 1 },
      /wrong at feez: no member has this name/,
    ],
    [
      'a number for an amount',
      withFill({ ...FILL, amount: 1 }),
      /accounts\[0\]\.fills\[0\]\.amount: a decimal/,
    ],
    ['an amount of zero', withFill({ ...FILL, amount: '0.00' }), /fills\[0\]\.amount: it must be above 0/],
    ['a price below zero', withFill({ ...FILL, price: '-1' }), /fills\[0\]\.price: it must be above 0/],
    ['a side', withFill({ ...FILL, side: 'BUY' }), /fills\[0\]\.side: it must be one of buy, sell/],
    [
      'a time without a zone',
      withFill({ ...FILL, at: '2025-01-01T00:00:00' }),
      /fills\[0\]\.at: a time must/,
    ],
    ['a market that is missing', withFill({ ...FILL, market: '' }), /fills\[0\]\.market: text of 1/],
    [
      'two kinds of fees',
      withFill({ ...FILL, fee: '1', fees: [{ asset: 'A', amount: '1' }] }),
      /\.fees: there is a/,
    ],
    ['a fee asset without a fee', withFill({ ...FILL, feeAsset: 'A' }), /\.feeAsset: there is no fee/],
    ['a key of no account', { accounts: [], keys: [KEY] }, /keys\[0\]\.account: no account has this name/],
    [
      'two keys of one name',
      { accounts: [{ name: 'a', userId: '1' }], keys: [KEY, KEY] },
      /keys\[1\]\.apiKey: another one has it too/,
    ],
    [
      'a candle inside an hour',
      { accounts: [], keys: [], candles: { 'A/B': { '2025-01-01T00:30:00Z': '1' } } },
      /candles\["A\/B"\]\["2025-01-01T00:30:00Z"\]: a candle begins at a full hour/,
    ],
    [
      'a kind of fault',
      { accounts: [], keys: [], faults: [{ kind: 404 }] },
      /faults\[0\]\.kind: it must be one of/,
    ],
    [
      'too few times',
      { accounts: [], keys: [], faults: [{ kind: 429, times: 0 }] },
      /times: a whole number from 1/,
    ],
  ];
  it.each(wrong)('a scenario - %s is named', (_title, scenario, sentence) => {
    expect(() => readScenario(scenario)).toThrow(sentence);
  });

  it('a scenario - the example can be run', async () => {
    const file = new URL('../../../examples/exchange-scenario.json', import.meta.url);
    const sim = createExchangeSim('binance', parseScenario(readFileSync(file, 'utf8')));
    await sim.start();
    expect(sim.fills('anna')).toHaveLength(4);
    await sim.stop();
  });

  it('a scenario - is for one exchange, has markets for its fills, and is JSON', async () => {
    expect(() => parseScenario('{')).toThrow('The scenario is not JSON.');
    const other = readScenario({ exchange: 'kraken', accounts: [], keys: [] });
    expect(() => createExchangeSim('binance', other)).toThrow('The scenario is for kraken, not for binance.');
    const unknown = {
      accounts: [{ name: 'a', userId: '1', fills: [{ ...FILL, side: 'buy' as const, market: 'XYZ' }] }],
      keys: [],
    };
    await expect(startExchangeSim('binance', unknown)).rejects.toThrow(
      /accounts\[0\]\.fills\[0\]\.market: there is no market of this id and kind/,
    );
  });
});
