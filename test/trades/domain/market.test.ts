import { describe, expect, it } from 'vitest';
import { accountMarket, countsAsUsd, jobMarket } from '../../../src/trades/domain/market.ts';

describe('market - of a job', () => {
  it.each([
    ['BTC/USDT', 'spot', 'BTC', 'USDT'],
    ['BTC-USDT', 'spot', 'BTC', 'USDT'],
    ['BTC_EUR', 'spot', 'BTC', 'EUR'],
    ['BTCUSDT', 'spot', 'BTC', 'USDT'],
    // The longest known quote.
    ['BTCFDUSD', 'spot', 'BTC', 'FDUSD'],
    ['BTCTUSD', 'spot', 'BTC', 'TUSD'],
    ['BTCUSD', 'spot', 'BTC', 'USD'],
    ['BUSDUSDT', 'spot', 'BUSD', 'USDT'],
    ['ETHBTC', 'spot', 'ETH', 'BTC'],
    // Nothing would be left of the base.
    ['TUSD', 'spot', 'T', 'USD'],
    ['ABC/XYZ', 'spot', 'ABC', 'XYZ'],
    ['BTC/USDT:USDT', 'linear', 'BTC', 'USDT'],
    ['BTC/USDT:USDT-250328', 'linear', 'BTC', 'USDT'],
  ])('%s is %s, %s in %s', (symbol, kind, base, quote) => {
    expect(jobMarket(symbol)).toEqual({
      symbol,
      kind,
      base,
      quote,
      settle: quote,
      contractSize: '1',
      isAssumedUsd: false,
    });
  });

  it.each(['GOLD', 'USDT', 'BTC-USDT-SWAP', '/USDT', 'BTC/', '', 'BTCUSDT:USDT'])(
    '%j tells no quote and counts as dollars',
    (symbol) => {
      expect(jobMarket(symbol)).toMatchObject({ base: symbol, quote: 'USD', isAssumedUsd: true });
    },
  );

  it.each(['btcusdt', 'Btc/Usdt', 'eth-btc', 'btc/usdt:usdt', 'gold'])(
    '%s is the same market as in capitals',
    (symbol) => {
      expect(jobMarket(symbol)).toEqual(jobMarket(symbol.toUpperCase()));
    },
  );

  it.each(['BTC/USD:BTC', 'ETH/USD:ETH-250328'])('%s is inverse, which a job refuses', (symbol) => {
    expect(jobMarket(symbol)).toBeNull();
  });

  it('dollars', () => {
    const assets = ['USD', 'USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'DAI', 'EUR', 'BTC', 'usdt'];
    expect(assets.filter(countsAsUsd)).toEqual(assets.slice(0, 7));
  });
});

describe('market - of an exchange', () => {
  it.each([
    [{ symbol: 'BTC/USDT', base: 'BTC', quote: 'USDT', linear: null }, 'spot', 'USDT', '1'],
    [
      {
        symbol: 'DOGE/USDT:USDT',
        base: 'DOGE',
        quote: 'USDT',
        settle: 'USDT',
        linear: true,
        contractSize: '100',
      },
      'linear',
      'USDT',
      '100',
    ],
    [
      { symbol: 'BTC/USD:BTC', base: 'BTC', quote: 'USD', settle: 'BTC', inverse: true, contractSize: '100' },
      'inverse',
      'BTC',
      '100',
    ],
    [{ symbol: 'BTC/USD:BTC', base: 'BTC', quote: 'USD', inverse: true }, 'inverse', 'BTC', '1'],
  ])('%j is %s', (listed, kind, settle, contractSize) => {
    const { symbol, base, quote } = listed;
    expect(accountMarket(listed)).toEqual({
      symbol,
      kind,
      base,
      quote,
      settle,
      contractSize,
      isAssumedUsd: false,
    });
  });

  it.each(['0', '-1', 'NaN'])('a contract of %s is refused', (contractSize) => {
    expect(() =>
      accountMarket({ symbol: 'A/B:B', base: 'A', quote: 'B', linear: true, contractSize }),
    ).toThrow(/Invalid number|not above 0/);
  });
});
