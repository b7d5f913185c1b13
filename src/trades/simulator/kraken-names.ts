// How Kraken names assets: the ones of its first years begin with X (coins) or Z (money), and some have words of their own.
// Source: docs.kraken.com Get Asset Info and Get Tradable Asset Pairs (examples XXBT, XBT, ZUSD), and the table
// `commonCurrencies` of ccxt 4.5.84 for the others.

const OWN_WORDS: ReadonlyMap<string, string> = new Map([
  ['BTC', 'XBT'],
  ['DOGE', 'XDG'],
]);
const WITH_X: ReadonlySet<string> = new Set('XBT ETH ETC LTC MLN XDG XLM XMR XRP ZEC'.split(' '));
const WITH_Z: ReadonlySet<string> = new Set('USD EUR GBP CAD JPY AUD'.split(' '));

/** The alternative name of an asset, for example `XBT`. */
export function krakenAltName(asset: string): string {
  return OWN_WORDS.get(asset) ?? asset;
}

/** The id of an asset, for example `XXBT` or `ZUSD`. An asset that is written so already stays. */
export function krakenAssetId(asset: string): string {
  const name = krakenAltName(asset);
  return WITH_X.has(name) ? `X${name}` : WITH_Z.has(name) ? `Z${name}` : name;
}
