import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../src/trades/domain/figures.ts';
import { HourBook } from '../../../src/trades/domain/hour-book.ts';
import type { Trade } from '../../../src/trades/domain/trade.ts';
import { Valuation } from '../../../src/trades/domain/valuation.ts';
import { TradeWindow, type WindowOptions } from '../../../src/trades/domain/window.ts';
import { arbitraryTrades } from './arbitrary-trades.ts';
import { HOUR, TEN_O_CLOCK_MS, tradeOf } from './fills.ts';

const OPTIONS: WindowOptions = {
  hashKey: new Uint8Array(32).fill(7),
  rememberMs: HOUR,
  heldMax: 1000,
  rememberedMax: 1000,
};
const START_MS = TEN_O_CLOCK_MS - HOUR;
const windowOf = (options: Partial<WindowOptions> = {}) =>
  new TradeWindow(START_MS, { ...OPTIONS, ...options });
const at = (timestampMs: number, id: string | null = null) => tradeOf({ timestampMs, id });

/** Chunks of the trades in a given order, some of them delivered again. */
function deliveries(
  trades: readonly Trade[],
  order: readonly number[],
  size: number,
): readonly (readonly Trade[])[] {
  const shuffled = trades
    .map((trade, index) => ({ trade, rank: order[index] ?? 0 }))
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ trade }) => trade);
  const chunks: Trade[][] = [];
  for (let from = 0; from < shuffled.length; from += size) {
    chunks.push(shuffled.slice(Math.max(0, from - (order[from] ?? 0)), from + size));
  }
  return chunks;
}

function figures(chunks: readonly (readonly Trade[])[]) {
  const [window, book] = [windowOf(), new HourBook('realized_fifo')];
  for (const [index, chunk] of chunks.entries()) {
    window.take(chunk, 'spot');
    // What is still to come may be as old as this.
    const toMs = Math.min(...chunks.slice(index + 1).flatMap((next) => next.map((one) => one.timestampMs)));
    for (const trade of window.release(toMs)) book.fold(trade);
  }
  const priceOf = (asset: string) => (asset === 'BNB' ? null : '2.5');
  return figuresOf(book.hours(), new Valuation(null, priceOf), 'realized_fifo');
}

describe('window - delivery', () => {
  it('law - any split, repetition or order of delivery gives the same figures', () => {
    fc.assert(
      fc.property(
        arbitraryTrades(),
        fc.array(fc.nat(9), { minLength: 25, maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        (trades, order, size) => {
          expect(figures(deliveries(trades, order, size))).toEqual(figures([trades]));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('an id counts once for a market, an account type and a side', () => {
    const window = windowOf();
    const trade = at(TEN_O_CLOCK_MS, '1');
    const others = [
      { ...trade, side: 'sell' as const },
      { ...trade, market: { ...trade.market, symbol: 'ETH/USDT' } },
      { ...trade, id: '2' },
    ];
    expect(window.take([trade, ...others, trade], 'spot')).toEqual({
      taken: 4,
      late: 0,
      repeated: 1,
      tooOld: 0,
    });
    expect(window.take([trade], 'margin')).toMatchObject({ taken: 1 });
    expect(window.take([trade, ...others], 'spot')).toMatchObject({ taken: 0, repeated: 4 });
  });

  it('equal trades without id all count, and the same page twice counts once', () => {
    const window = windowOf();
    const page = [at(TEN_O_CLOCK_MS), at(TEN_O_CLOCK_MS), at(TEN_O_CLOCK_MS), at(TEN_O_CLOCK_MS + 1)];
    expect(window.take(page, 'spot')).toMatchObject({ taken: 4 });
    expect(window.take(page, 'spot')).toMatchObject({ taken: 0, repeated: 4 });
    expect(window.release(Infinity)).toHaveLength(4);
  });

  it('gives out trades in their order when they are due', () => {
    const window = windowOf();
    const [later, sooner] = [at(TEN_O_CLOCK_MS + 1, '1'), at(TEN_O_CLOCK_MS, '2')];
    window.take([later, sooner], 'spot');
    expect(window.release(TEN_O_CLOCK_MS)).toEqual([]);
    expect(window.release(TEN_O_CLOCK_MS + 1)).toEqual([sooner]);
    expect(window.release(TEN_O_CLOCK_MS + 2)).toEqual([later]);
    expect(window.held).toBe(0);
  });
});

describe('window - late, old and too many', () => {
  it('a late trade comes out at the next release, once', () => {
    const window = windowOf();
    window.take([at(TEN_O_CLOCK_MS + 5, '5')], 'spot');
    expect(window.release(TEN_O_CLOCK_MS + 10)).toHaveLength(1);
    const late = at(TEN_O_CLOCK_MS + 4, '4');
    expect(window.take([late], 'spot')).toEqual({ taken: 1, late: 1, repeated: 0, tooOld: 0 });
    expect(window.release(window.foldedToMs)).toEqual([late]);
    expect(window.take([late, at(TEN_O_CLOCK_MS + 5, '5')], 'spot')).toMatchObject({ taken: 0, repeated: 2 });
  });

  it('from before the start, and from before what is remembered, a trade is too old', () => {
    const window = windowOf();
    expect(window.take([at(START_MS - 1, '0'), at(START_MS, '1')], 'spot')).toMatchObject({
      taken: 1,
      tooOld: 1,
    });
    window.release(START_MS + 2 * HOUR);
    expect(window.remembered).toBe(0);
    // Whether this one is counted already, nothing tells any more.
    expect(window.take([at(START_MS, '1'), at(START_MS + HOUR, '2')], 'spot')).toMatchObject({
      taken: 1,
      tooOld: 1,
    });
  });

  it('takes nothing of a delivery for which there is no room', () => {
    const window = windowOf({ heldMax: 3 });
    const page = [at(TEN_O_CLOCK_MS, '1'), at(TEN_O_CLOCK_MS + 1, '2')];
    expect(window.take(page, 'spot')).toMatchObject({ taken: 2 });
    const next = [at(TEN_O_CLOCK_MS + 2, '3'), at(TEN_O_CLOCK_MS + 3, '4')];
    expect(window.take(next, 'spot')).toBeNull();
    expect([window.held, window.remembered]).toEqual([2, 2]);
    window.release(TEN_O_CLOCK_MS + 1);
    expect(window.take(next, 'spot')).toMatchObject({ taken: 2 });
  });

  it('at the bound of what is remembered it forgets the oldest, and counts none of them twice', () => {
    const window = windowOf({ rememberedMax: 3 });
    const page = Array.from({ length: 5 }, (_, index) => at(TEN_O_CLOCK_MS + index, `${index}`));
    window.take(page, 'spot');
    window.release(TEN_O_CLOCK_MS + 4);
    expect(window.remembered).toBe(3);
    expect(window.take(page, 'spot')).toEqual({ taken: 0, late: 0, repeated: 3, tooOld: 2 });
  });

  it('never forgets a trade that is not folded', () => {
    const window = windowOf({ rememberedMax: 1 });
    const page = [at(TEN_O_CLOCK_MS, '1'), at(TEN_O_CLOCK_MS + 1, '2')];
    window.take(page, 'spot');
    window.release(TEN_O_CLOCK_MS);
    expect(window.take(page, 'spot')).toMatchObject({ taken: 0, repeated: 2 });
  });
});

describe('window - state', () => {
  it('law - a window from the state of another, as JSON, goes on as that one', () => {
    fc.assert(
      fc.property(arbitraryTrades(), fc.nat(25), (trades, place) => {
        const first = windowOf();
        first.take(trades.slice(0, place), 'spot');
        const released = first.release(TEN_O_CLOCK_MS + HOUR);
        const second = TradeWindow.fromState(JSON.parse(JSON.stringify(first.toState())), OPTIONS);
        expect(second.take(trades, 'spot')).toEqual(first.take(trades, 'spot'));
        const rest = second.release(Infinity);
        expect(rest).toEqual(first.release(Infinity));
        expect(released.length + rest.length).toBe(trades.length);
      }),
    );
  });

  it('holds no id of a folded trade', () => {
    const window = windowOf();
    window.take([at(TEN_O_CLOCK_MS, 'planted-id')], 'spot');
    window.release(TEN_O_CLOCK_MS + 1);
    const state = JSON.stringify(window.toState());
    expect(window.remembered).toBe(1);
    expect(state).not.toContain('planted-id');
    // Without the key, the hash of an id tells nothing.
    const other = windowOf({ hashKey: new Uint8Array(32) });
    other.take([at(TEN_O_CLOCK_MS, 'planted-id')], 'spot');
    expect(other.toState().remembered).not.toEqual(window.toState().remembered);
  });
});
