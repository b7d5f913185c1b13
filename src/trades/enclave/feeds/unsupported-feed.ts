// The reader of a kind of account that an exchange does not have under its id: it refuses.

import { ExchangeError, type FeedReader } from '../../domain/exchange-calls.ts';
import { initialList, type FeedState } from './feed-state.ts';

/** Rejects every read as `unsupported`. */
export class UnsupportedFeed implements FeedReader<FeedState> {
  readonly spanMaxMs = 1;
  readonly reachMs = 0;
  readonly overlapMs = 0;

  initial(startMs: number): FeedState {
    return initialList(startMs);
  }

  read(): Promise<never> {
    return Promise.reject(new ExchangeError('unsupported'));
  }
}
