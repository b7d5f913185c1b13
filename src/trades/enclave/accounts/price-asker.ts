// Asks an exchange for the prices that an account's summaries need. It values nothing.

import { ExchangeError } from '../../domain/exchange-calls.ts';
import type { WantedPrice } from '../../domain/price-book.ts';
import type { Account } from './account.ts';

/** Prices that are asked for after one poll; the rest follows after the next, or when the hour is sealed. */
const PRICES_OF_POLL_MAX = 20;

function keyOf({ asset, hourMs }: WantedPrice): string {
  return `${hourMs} ${asset}`;
}

/** True for a price that the exchange is not known to lack. */
export function isOpen(account: Account, wanted: WantedPrice): boolean {
  return !account.unpriced.has(keyOf(wanted));
}

/** Asks for prices, one after the other; false if the exchange could not be asked. `isOver`: nothing is asked any more. */
export async function askPrices(
  account: Account,
  wanted: readonly WantedPrice[],
  isOver: () => boolean,
): Promise<boolean> {
  for (const each of wanted) {
    if (isOver()) return false;
    try {
      const price = await account.venue.openPrice(each.asset, each.hourMs);
      if (price === null) account.unpriced.add(keyOf(each));
      else account.book.addPrice(each, price);
    } catch (error) {
      if (error instanceof ExchangeError) return false;
      throw error;
    }
  }
  return true;
}

/** Asks for prices of what is folded already, so that little is left to ask when an hour is sealed. */
export async function askEarly(account: Account, isOver: () => boolean): Promise<void> {
  const wanted = account.book.missingOpenPrices().filter((each) => isOpen(account, each));
  await askPrices(account, wanted.slice(0, PRICES_OF_POLL_MAX), isOver);
}
