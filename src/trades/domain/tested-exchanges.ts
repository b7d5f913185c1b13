// The exchanges that this program is tested with: each has a reader of its own, and a local server that answers as it does.
// All others are read through ccxt alone, and nothing tells what their keys may do.

const TESTED: ReadonlySet<string> = new Set(['binance', 'bybit', 'kraken']);

/** True for an exchange that this program is tested with. `exchange`: an id of ccxt. */
export function isTestedExchange(exchange: string): boolean {
  return TESTED.has(exchange);
}
