// Which failures of a request concern one market only. Pure.

import { ExchangeError, type ExchangeErrorKind } from '../../domain/exchange-calls.ts';

const ONE_MARKET: ReadonlySet<ExchangeErrorKind> = new Set([
  'market_unavailable',
  'unsupported',
  'exchange_error',
]);

/**
 * Runs requests for one market. What concerns this market only is given to `fail`, and the answer is null; what concerns
 * the account, and what the sink throws, is thrown.
 */
export async function forOneMarket<Answer>(
  work: () => Promise<Answer>,
  fail: (kind: ExchangeErrorKind) => void,
): Promise<Answer | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ExchangeError) || !ONE_MARKET.has(error.kind)) throw error;
    fail(error.kind);
    return null;
  }
}
