// Makes market objects from few words, for the markets that an exchange has where a scenario names none.

import type { SimMarket, SimMarketKind } from './scenario.ts';

/** A market that is always listed. `contractSize`: in the base if linear, in the quote if inverse. */
export function standardMarket(
  kind: SimMarketKind,
  id: string,
  [base, quote]: readonly [string, string],
  contractSize = '1',
): SimMarket {
  return {
    id,
    base,
    quote,
    settle: kind === 'inverse' ? base : quote,
    kind,
    contractSize,
    listedAtMs: -Infinity,
    delistedAtMs: Infinity,
    renamedFrom: null,
  };
}
