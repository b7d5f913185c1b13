// Reads what ccxt says of an exchange and of its fetchMyTrades.

import { isObject } from '../../../lib/is-object.ts';
import type { ExchangeCalls } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';
import type { CcxtExchange } from './ccxt-exchange.ts';
import type { ExchangeAbilities } from './support.ts';

/** What ccxt says of `fetchMyTrades` for a kind of account. */
export function featuresOf({ features }: CcxtExchange, accountType: AccountType): ExchangeCalls['features'] {
  const member = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
  const swap = member(features, 'swap');
  const kind = accountType === 'futures' ? (member(swap, 'linear') ?? swap) : member(features, 'spot');
  const said = member(kind, 'fetchMyTrades');
  return {
    isSymbolRequired: member(said, 'symbolRequired') === true,
    pageMax: numberOf(member(said, 'limit')),
    daysBack: numberOf(member(said, 'daysBack')),
    untilDays: numberOf(member(said, 'untilDays')),
  };
}

/** Instances that read all numbers as text read these so too. */
function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** What ccxt says of an exchange as a whole. */
export function abilitiesOf({ requiredCredentials, has, urls }: CcxtExchange): ExchangeAbilities {
  return {
    requiredCredentials: Object.keys(requiredCredentials).filter(
      (name) => requiredCredentials[name] === true,
    ),
    hasFetchMyTrades: has['fetchMyTrades'] === true,
    hasTestnet: coversApi(urls['test'], urls['api']),
  };
}

/** ccxt replaces its addresses by those of the test environment as a whole: what is missing there would be gone. */
function coversApi(test: unknown, api: unknown): boolean {
  if (typeof api === 'string') return typeof test === 'string' && test !== '';
  if (!isObject(api) || !isObject(test)) return false;
  return Object.keys(api).every((name) => Object.hasOwn(test, name));
}
