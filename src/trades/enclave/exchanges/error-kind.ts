// Says what kind of failure a request had, from what is remembered of the answer and from the classes of the error that
// ccxt threw. Pure. The exchange's code goes first: ccxt calls a revoked key of Binance a ban once a call has succeeded.

import { ExchangeError, type ExchangeErrorKind } from '../../domain/exchange-calls.ts';
import type { AnswerFacts } from './answer-facts.ts';

type KindsByCode = Readonly<Record<string, ExchangeErrorKind>>;

const BINANCE: KindsByCode = {
  '-1000': 'unreachable',
  '-1001': 'unreachable',
  '-1002': 'key_refused',
  '-1003': 'rate_limited',
  '-1006': 'unreachable',
  '-1007': 'unreachable',
  '-1008': 'unreachable',
  '-1015': 'rate_limited',
  '-1016': 'unreachable',
  '-1021': 'clock',
  '-1022': 'key_refused',
  '-1121': 'market_unavailable',
  '-2008': 'key_refused',
  '-2014': 'key_refused',
  '-2015': 'key_refused',
  '-2016': 'market_unavailable',
  '-3021': 'market_unavailable',
  '-4108': 'market_unavailable',
  '-4141': 'market_unavailable',
  '-11001': 'market_unavailable',
};

const BYBIT: KindsByCode = {
  '-2015': 'key_refused',
  '10000': 'unreachable',
  '10002': 'clock',
  '10003': 'key_refused',
  '10004': 'key_refused',
  '10005': 'key_refused',
  '10006': 'rate_limited',
  '10007': 'key_refused',
  '10009': 'rate_limited',
  '10010': 'key_refused',
  '10016': 'unreachable',
  '10018': 'rate_limited',
  '33004': 'key_refused',
  '170121': 'market_unavailable',
};

const KRAKEN: KindsByCode = {
  'EAPI:Feature disabled': 'unsupported',
  'EAPI:Invalid key': 'key_refused',
  'EAPI:Invalid nonce': 'nonce',
  'EAPI:Invalid signature': 'key_refused',
  'EAPI:Rate limit exceeded': 'rate_limited',
  'EAccount:Invalid permissions': 'key_refused',
  'EDatabase:Internal error': 'unreachable',
  'EGeneral:Internal error': 'unreachable',
  'EGeneral:Permission denied': 'key_refused',
  'EGeneral:Temporary lockout': 'rate_limited',
  'EGeneral:Too many requests': 'rate_limited',
  'EGeneral:Unknown method': 'unsupported',
  'EQuery:Invalid asset pair': 'market_unavailable',
  'EQuery:Unknown asset': 'market_unavailable',
  'EQuery:Unknown asset pair': 'market_unavailable',
  'EService:Busy': 'unreachable',
  'EService:Deadline elapsed': 'unreachable',
  'EService:Market in cancel_only mode': 'unreachable',
  'EService:Market in post_only mode': 'unreachable',
  'EService: Throttled': 'rate_limited',
  'EService:Throttled': 'rate_limited',
  'EService:Timeout': 'unreachable',
  'EService:Unavailable': 'unreachable',
  'ESession:Invalid session': 'key_refused',
  'ETrade:User Locked': 'key_refused',
};

/** Classes of ccxt's errors, the special ones before the general ones that they extend. */
const CLASSES: readonly (readonly [string, ExchangeErrorKind])[] = [
  ['DDoSProtection', 'rate_limited'],
  ['RateLimitExceeded', 'rate_limited'],
  // Exchanges that are not in the tables above mean the time of the request by it, hardly ever a counter.
  ['InvalidNonce', 'clock'],
  ['AuthenticationError', 'key_refused'],
  ['BadSymbol', 'market_unavailable'],
  ['ContractUnavailable', 'market_unavailable'],
  ['NotSupported', 'unsupported'],
  ['NetworkError', 'unreachable'],
];

/** Codes that stop all requests from this address, and not only those of one key. */
const ADDRESS_CODES: ReadonlySet<string> = new Set(['-1003', '10009', '10018', 'EGeneral:Too many requests']);

/** The kinds of an exchange by its codes; empty for an exchange whose codes are not known. */
function kindsOf(exchange: string): KindsByCode {
  if (exchange.startsWith('binance')) return BINANCE;
  if (exchange.startsWith('bybit')) return BYBIT;
  return exchange === 'kraken' ? KRAKEN : {};
}

/**
 * The error to tell. `facts` is what is remembered of the latest answer, null if none came; `classes` are the names of
 * the thrown error's class and of those that it extends.
 */
export function exchangeErrorOf(
  exchange: string,
  facts: AnswerFacts | null,
  classes: readonly string[],
): ExchangeError {
  const code = facts?.code ?? null;
  return new ExchangeError(kindOf(exchange, facts, classes), code);
}

function kindOf(exchange: string, facts: AnswerFacts | null, classes: readonly string[]): ExchangeErrorKind {
  const byClass = CLASSES.find(([name]) => classes.includes(name))?.[1] ?? 'exchange_error';
  if (facts === null) return byClass;
  if (facts.status === 429 || facts.status === 418 || isFirewall(facts)) return 'rate_limited';
  const { code } = facts;
  const kinds = kindsOf(exchange);
  if (code !== null && Object.hasOwn(kinds, code)) return kinds[code] ?? byClass;
  if (code === '10001' && kinds === BYBIT && facts.isAboutSymbol) return 'market_unavailable';
  return facts.status >= 500 ? 'unreachable' : byClass;
}

/** True if the answer means that no request may leave this address for some time, whatever its key. */
export function stopsAddress(exchange: string, facts: AnswerFacts): boolean {
  if (facts.status === 429 || facts.status === 418 || isFirewall(facts)) return true;
  const { code } = facts;
  return code !== null && Object.hasOwn(kindsOf(exchange), code) && ADDRESS_CODES.has(code);
}

/** A firewall before the exchange refuses with a page, the exchange itself with JSON. */
function isFirewall({ status, isJson }: AnswerFacts): boolean {
  return status === 403 && !isJson;
}

/** The names of the class of a thrown value and of all that it extends; empty for a value that is no object. */
export function classNames(thrown: unknown): readonly string[] {
  const names: string[] = [];
  let prototype: unknown = thrown instanceof Error ? Object.getPrototypeOf(thrown) : null;
  while (typeof prototype === 'object' && prototype !== null) {
    names.push(prototype.constructor.name);
    prototype = Object.getPrototypeOf(prototype);
  }
  return names;
}
