import { describe, expect, it } from 'vitest';
import { exact } from '../../../../src/trades/domain/amount.ts';
import {
  type Effect,
  effectOf,
  likelyMarkets,
  marketsBetween,
  marketsToSearch,
  movesOf,
  unexplainedOf,
  withEffects,
} from '../../../../src/trades/enclave/feeds/discovery.ts';
import { fee, tradeOf } from '../../domain/fills.ts';
import { spotMarket, START_MS } from './fake-exchange.ts';

const byAsset = (_: string, asset: string) => asset;
const effect = (atMs: number, changes: Readonly<Record<string, string>>): Effect => ({
  atMs,
  changes: Object.entries(changes).map(([name, amount]) => [name, exact(amount)]),
});
const shown = (amounts: ReadonlyMap<string, ReturnType<typeof exact>>) =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toText()]));

describe('discovery - what moved', () => {
  it('a buy with a fee in a third asset - moves three', () => {
    const trade = tradeOf({ price: '0.1', amount: '3', fees: [fee('0.01', 'BNB')] });
    const { changes } = effectOf(trade, 'BTC/USDT', byAsset);
    expect(shown(new Map(changes))).toEqual({ BTC: '3', USDT: '-0.3', BNB: '-0.01' });
  });

  it('balances - differ exactly, absent ones are zero', () => {
    const moves = movesOf(
      { BTC: '0.1', ETH: '1', USDT: '5' },
      new Map([
        ['BTC', '0.3'],
        ['USDT', '5.00'],
      ]),
    );
    expect(shown(moves)).toEqual({ BTC: '0.2', ETH: '-1' });
    expect(withEffects({ BTC: '0.1' }, [effect(0, { BTC: '-0.1', ETH: '2' })])).toEqual({ ETH: '2' });
  });
});

describe('discovery - what is explained', () => {
  const NOW = START_MS;
  const cases: readonly (readonly [
    string,
    Record<string, string>,
    readonly Effect[],
    Record<string, string>,
  ])[] = [
    ['a fill explains both sides', { A: '1', U: '-10' }, [effect(NOW - 60_000, { A: '1', U: '-10' })], {}],
    [
      'half of it is a deposit',
      { A: '3', U: '-10' },
      [effect(NOW - 60_000, { A: '1', U: '-10' })],
      { A: '2' },
    ],
    ['nothing explains', { U: '-10' }, [], { U: '-10' }],
    ['a fill just after the balance is not in it', {}, [effect(NOW + 100, { A: '1', U: '-10' })], {}],
    ['a fill just before may not be in it', {}, [effect(NOW - 100, { A: '1', U: '-10' })], {}],
    ['a fill just after may be in it', { A: '1', U: '-10' }, [effect(NOW + 100, { A: '1', U: '-10' })], {}],
    ['a fill long before is in it', {}, [effect(NOW - 6000, { A: '1' })], { A: '-1' }],
    ['a fill long after is not', { A: '1' }, [effect(NOW + 6000, { A: '1' })], { A: '1' }],
    [
      'the border lies between two fills',
      { A: '1' },
      [effect(NOW - 20, { A: '1' }), effect(NOW - 10, { A: '2' })],
      {},
    ],
    ['the quote is rounded', { U: '-0.30000001' }, [effect(NOW - 60_000, { U: '-0.300000012' })], {}],
  ];
  it.each(cases)('%s', (_, moves, effects, expected) => {
    const amounts = new Map(Object.entries(moves).map(([name, amount]) => [name, exact(amount)]));
    expect(shown(unexplainedOf(amounts, effects, NOW).open)).toEqual(expected);
  });

  it('what is rounded away - is told, so that it does not add up', () => {
    const moves = new Map([['U', exact('-0.30000001')]]);
    const { tiny } = unexplainedOf(moves, [effect(NOW - 60_000, { U: '-0.300000012' })], NOW);
    expect(shown(tiny)).toEqual({ U: '0.000000002' });
  });
});

describe('discovery - which markets', () => {
  const markets = [
    spotMarket('BBB', 'USDT'),
    spotMarket('AAA', 'USDT', false),
    spotMarket('AAA', 'BTC'),
    spotMarket('BTC', 'USDT'),
    spotMarket('CCC', 'TRY'),
  ];
  const symbols = (found: readonly { readonly symbol: string }[]) => found.map(({ symbol }) => symbol);

  it('base and quote moved - active markets first', () => {
    const moved = new Set(['AAA', 'BTC', 'USDT']);
    expect(symbols(marketsBetween(markets, moved, byAsset))).toEqual(['AAA/BTC', 'BTC/USDT', 'AAA/USDT']);
  });

  it('held - also with a usual quote that was spent, and with no unusual one', () => {
    expect(symbols(likelyMarkets(markets, new Set(['BBB', 'CCC']), byAsset))).toEqual(['BBB/USDT']);
  });

  it('a search - goes through all of an asset, and on from where it was', () => {
    expect(symbols(marketsToSearch(markets, 'AAA', '', byAsset))).toEqual(['AAA/BTC', 'AAA/USDT']);
    expect(symbols(marketsToSearch(markets, 'AAA', '0AAA/BTC', byAsset))).toEqual(['AAA/USDT']);
    expect(symbols(marketsToSearch(markets, 'USDT', '', byAsset))).toEqual([
      'BBB/USDT',
      'BTC/USDT',
      'AAA/USDT',
    ]);
  });
});
