// Reads the fills of Binance's contracts, USD-M and COIN-M. The exchange answers by market only; the account and the
// income history tell which markets to ask.

import type {
  ExchangeCalls,
  FeedReader,
  FillSink,
  ReadReport,
  ReadSpan,
} from '../../domain/exchange-calls.ts';
import { INVERSE_CONTRACTS, LINEAR_CONTRACTS } from './binance-contracts.ts';
import { readContracts } from './contracts-read.ts';
import { forOneMarket } from './failures.ts';
import { asWallets, initialWallets, NEW_WALLET, type FeedState, type Wallet } from './feed-state.ts';
import { DAY_MS, LIMIT_MARGIN_MS } from './spans.ts';
import { TradeReader } from './trade-reader.ts';
import { WINDOW_MS } from './window-pages.ts';

/** The income history, which names the markets, goes back three months. Fills would go back six. */
const REACH_MS = 90 * DAY_MS;

/** Reader of a futures account. An idle read makes two requests, for the accounts of both kinds. */
export class BinanceFuturesFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = WINDOW_MS;
  readonly reachMs = REACH_MS;
  /** What shows late, in the income or by ids, is read again by this reader itself. */
  readonly overlapMs = 0;

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
    const reader = new TradeReader(calls, await calls.markets(), ['swap', 'future'], state);
    const startMs = Math.max(state.startMs, calls.nowMs() - REACH_MS + LIMIT_MARGIN_MS);
    const task = { startMs, span, isThorough: span.isThorough, named: state.named };
    const wallets: Record<string, Wallet> = { ...state.wallets };
    let [unsearched, isIncomplete] = [0, false];
    for (const contracts of [LINEAR_CONTRACTS, INVERSE_CONTRACTS]) {
      const { identity } = contracts;
      const before = state.wallets[identity] ?? NEW_WALLET;
      // An account that may not trade one kind still has the other.
      const result = await forOneMarket(
        () => readContracts({ calls, reader, contracts, sink }, before, task),
        (kind) => reader.fail(identity, kind),
      );
      if (result === null) continue;
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
