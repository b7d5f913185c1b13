// Reads the spot and margin fills of a Binance account. The exchange answers by market only, so balances tell which
// markets to ask.

import type {
  ExchangeCalls,
  FeedReader,
  FillSink,
  ReadReport,
  ReadSpan,
} from '../../domain/exchange-calls.ts';
import { BinanceRows } from './binance-rows.ts';
import { type BinanceWallet, CROSS_WALLET, ISOLATED_WALLET, SPOT_WALLET } from './binance-wallets.ts';
import { asWallets, initialWallets, NEW_WALLET, type FeedState, type Wallet } from './feed-state.ts';
import { IdPages } from './id-pages.ts';
import { DAY_MS } from './spans.ts';
import { TradeReader } from './trade-reader.ts';
import { readWallet } from './wallet-read.ts';

/** Reader of a spot or margin account. An idle read makes one request; of margin two. */
export class BinanceFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = DAY_MS;
  /** The exchange names no limit. */
  readonly reachMs = null;
  /** What shows late is read again by ids, market by market. */
  readonly overlapMs = 0;
  readonly #wallets: readonly BinanceWallet[];

  constructor(accountType: 'spot' | 'margin') {
    this.#wallets = accountType === 'spot' ? [SPOT_WALLET] : [CROSS_WALLET, ISOLATED_WALLET];
  }

  initial(startMs: number, symbols: readonly string[]): FeedState {
    return initialWallets(startMs, symbols);
  }

  async read(
    calls: ExchangeCalls,
    given: FeedState,
    span: ReadSpan,
    sink: FillSink,
  ): Promise<{ state: FeedState; report: ReadReport }> {
    const state = asWallets(given);
    const reader = new TradeReader(calls, await calls.markets(), ['spot'], state);
    const wallets: Record<string, Wallet> = {};
    let unsearched = 0;
    let isIncomplete = false;
    for (const { identity, fills, nameOf, balances } of this.#wallets) {
      const result = await readWallet(
        {
          identity,
          reader,
          markets: new IdPages(new BinanceRows(calls, reader, fills)),
          nameOf,
          sink,
          listed: () => reader.table.all(['spot']),
          relist: () => reader.relist(),
          balances: () => balances(calls, reader),
          nowMs: () => calls.nowMs(),
        },
        state.wallets[identity] ?? NEW_WALLET,
        { startMs: state.startMs, span, isThorough: span.isThorough, named: state.named },
      );
      wallets[identity] = result.wallet;
      unsearched += result.unsearched;
      isIncomplete ||= result.isIncomplete;
    }
    return {
      state: { ...state, ...reader.remembered(span.toMs), wallets },
      report: { unpolled: reader.unpolled, unsearched, isIncomplete, userId: reader.userId },
    };
  }
}
