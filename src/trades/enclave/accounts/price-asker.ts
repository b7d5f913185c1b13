// Asks an exchange for the prices that an account's summaries need. It values nothing.

import { ExchangeError } from '../../domain/exchange-calls.ts';
import type { WantedPrice } from '../../domain/price-book.ts';
import type { Account } from './account.ts';

/** Prices that are asked for after one poll; the rest follows after the next, or when the hour is sealed. */
const PRICES_OF_POLL_MAX = 20;

/**
 * Asks for prices, one after the other, and keeps those that the exchange has. False if the exchange could not be asked,
 * or if `isOver`: then nothing is asked any more.
 */
export async function askPrices(
  { venue, book }: Account,
  wanted: readonly WantedPrice[],
  isOver: () => boolean,
): Promise<boolean> {
  for (const each of wanted) {
    if (isOver()) return false;
    try {
      const price = await venue.openPrice(each.asset, each.hourMs);
      if (price !== null) book.addPrice(each, price);
    } catch (error) {
      if (error instanceof ExchangeError) return false;
      throw error;
    }
  }
  return true;
}

/** Asks for prices of what is folded already, so that they are known when the session ends. */
export async function askEarly(account: Account, isOver: () => boolean): Promise<void> {
  await askPrices(account, account.book.missingOpenPrices().slice(0, PRICES_OF_POLL_MAX), isOver);
}
