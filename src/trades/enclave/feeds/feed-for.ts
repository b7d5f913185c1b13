// Which reader belongs to which exchange and kind of account.

import type { FeedReader } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import { BinanceFeed } from './binance-feed.ts';
import { BinanceFuturesFeed } from './binance-futures-feed.ts';
import { BybitFeed } from './bybit-feed.ts';
import type { FeedState } from './feed-state.ts';
import { GenericFeed } from './generic-feed.ts';
import { KrakenFeed } from './kraken-feed.ts';
import { UnsupportedFeed } from './unsupported-feed.ts';

/**
 * The reader for an exchange and a kind of account. `exchange`: an id of ccxt. Where the exchange has no such accounts
 * under its id, the reader rejects as `unsupported`.
 */
export function feedFor(exchange: string, accountType: AccountType): FeedReader<FeedState> {
  if (exchange === 'bybit') return new BybitFeed(accountType);
  if (exchange === 'kraken')
    return accountType === 'futures' ? new UnsupportedFeed() : new KrakenFeed(accountType);
  if (exchange === 'binance') {
    return accountType === 'futures' ? new BinanceFuturesFeed() : new BinanceFeed(accountType);
  }
  return new GenericFeed(accountType);
}
