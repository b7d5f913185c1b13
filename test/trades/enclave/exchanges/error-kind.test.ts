// The kinds of errors, as tables: by the exchange's code, by ccxt's class, by status.

import { expect, it } from 'vitest';
import { answerFacts } from '../../../../src/trades/enclave/exchanges/answer-facts.ts';
import {
  classNames,
  exchangeErrorOf,
  stopsAddress,
} from '../../../../src/trades/enclave/exchanges/error-kind.ts';

const NOW_MS = 1_700_000_000_000;

function factsOf(status: number, body: unknown, retryAfter?: string) {
  return answerFacts(
    { status, text: typeof body === 'string' ? body : JSON.stringify(body), retryAfter },
    NOW_MS,
  );
}

it.each([
  ['binance', 400, { code: -2015, msg: 'Invalid API-key, IP' }, 'key_refused', '-2015', false],
  ['binance', 401, { code: -2014, msg: 'API-key format invalid.' }, 'key_refused', '-2014', false],
  ['binance', 400, { code: -1022, msg: 'Signature' }, 'key_refused', '-1022', false],
  ['binance', 400, { code: -1021, msg: 'Timestamp' }, 'clock', '-1021', false],
  ['binance', 400, { code: -1121, msg: 'Invalid symbol.' }, 'market_unavailable', '-1121', false],
  ['binance', 429, { code: -1003, msg: 'Too many requests' }, 'rate_limited', '-1003', true],
  ['binance', 418, { code: -1003, msg: 'banned until 1700000060000' }, 'rate_limited', '-1003', true],
  ['binance', 403, '<html>WAF</html>', 'rate_limited', null, true],
  ['binance', 504, { code: -1007, msg: 'Timeout' }, 'unreachable', '-1007', false],
  ['binance', 502, '<html>Bad gateway</html>', 'unreachable', null, false],
  ['binance', 400, { code: -1102, msg: 'Mandatory parameter' }, 'exchange_error', '-1102', false],
  ['binance', 400, { code: 'SECRET', msg: 'x' }, 'exchange_error', null, false],
  ['bybit', 200, { retCode: 10003, retMsg: 'API key is invalid.' }, 'key_refused', '10003', false],
  ['bybit', 200, { retCode: 10004, retMsg: 'error sign!' }, 'key_refused', '10004', false],
  ['bybit', 200, { retCode: 10005, retMsg: 'Permission denied' }, 'key_refused', '10005', false],
  ['bybit', 200, { retCode: 33004, retMsg: 'expired' }, 'key_refused', '33004', false],
  ['bybit', 200, { retCode: 10002, retMsg: 'timestamp' }, 'clock', '10002', false],
  ['bybit', 200, { retCode: 10006, retMsg: 'Too many visits' }, 'rate_limited', '10006', false],
  ['bybit', 200, { retCode: 10018, retMsg: 'Exceeded the IP Rate Limit' }, 'rate_limited', '10018', true],
  ['bybit', 200, { retCode: 10001, retMsg: 'symbol invalid' }, 'market_unavailable', '10001', false],
  ['bybit', 200, { retCode: 10001, retMsg: 'startTime' }, 'exchange_error', '10001', false],
  ['kraken', 200, { error: ['EAPI:Invalid key'] }, 'key_refused', 'EAPI:Invalid key', false],
  [
    'kraken',
    200,
    { error: ['EGeneral:Permission denied'] },
    'key_refused',
    'EGeneral:Permission denied',
    false,
  ],
  ['kraken', 200, { error: ['EAPI:Invalid nonce'] }, 'nonce', 'EAPI:Invalid nonce', false],
  ['kraken', 200, { error: ['EAPI:Rate limit exceeded'] }, 'rate_limited', 'EAPI:Rate limit exceeded', false],
  [
    'kraken',
    200,
    { error: ['EGeneral:Too many requests'] },
    'rate_limited',
    'EGeneral:Too many requests',
    true,
  ],
  ['kraken', 200, { error: ['EService:Unavailable'] }, 'unreachable', 'EService:Unavailable', false],
  [
    'kraken',
    200,
    { error: ['EQuery:Unknown asset pair'] },
    'market_unavailable',
    'EQuery:Unknown asset pair',
    false,
  ],
  [
    'kraken',
    200,
    { error: ['EGeneral:Invalid arguments:ofs'] },
    'exchange_error',
    'EGeneral:Invalid arguments',
    false,
  ],
  ['kraken', 200, { error: ['EOdd:planted secret'] }, 'exchange_error', null, false],
  // A code of another exchange does not mean what it means at Bybit.
  ['okx', 200, { code: '10003', msg: 'x' }, 'exchange_error', '10003', false],
  ['okx', 200, { code: '0', data: [] }, 'exchange_error', null, false],
  ['okx', 429, {}, 'rate_limited', null, true],
] as const)('error - %s %i %j is %s, code %s', (exchange, status, body, kind, code, stops) => {
  const facts = factsOf(status, body);
  expect(exchangeErrorOf(exchange, facts, ['ExchangeError', 'BaseError', 'Error'])).toMatchObject({
    kind,
    exchangeCode: code,
  });
  expect(stopsAddress(exchange, facts)).toBe(stops);
});

it.each([
  [['DDoSProtection', 'NetworkError'], 'rate_limited'],
  [['RateLimitExceeded', 'NetworkError'], 'rate_limited'],
  [['InvalidNonce', 'NetworkError'], 'clock'],
  [['PermissionDenied', 'AuthenticationError'], 'key_refused'],
  [['AccountSuspended', 'AuthenticationError'], 'key_refused'],
  [['BadSymbol', 'BadRequest'], 'market_unavailable'],
  [['NotSupported'], 'unsupported'],
  [['OnMaintenance', 'ExchangeNotAvailable', 'NetworkError'], 'unreachable'],
  [['RequestTimeout', 'NetworkError'], 'unreachable'],
  [['TypeError', 'Error'], 'exchange_error'],
  [[], 'exchange_error'],
])('error - a thrown %j without an answer is %s', (classes, kind) => {
  expect(exchangeErrorOf('gate', null, classes)).toMatchObject({ kind, exchangeCode: null });
});

it('error - names of classes go up to the first one', () => {
  expect(classNames(new RangeError('x'))).toEqual(['RangeError', 'Error', 'Object']);
  expect(classNames('x')).toEqual([]);
});

it('answer - waits are read from the header and from the message, at most three days', () => {
  expect(factsOf(429, {}, '7')).toMatchObject({ retryAfterMs: 7_000, banMs: null });
  expect(factsOf(418, { code: -1003, msg: `banned until ${NOW_MS + 90_000}.` })).toMatchObject({
    banMs: 90_000,
  });
  expect(factsOf(418, { code: -1003, msg: 'banned until 9999999999999' }).banMs).toBe(3 * 86_400_000);
  expect(factsOf(418, { code: -1003, msg: 'banned until 1600000000000' }).banMs).toBe(0);
});

it('answer - a long answer that succeeded is not searched', () => {
  const text = JSON.stringify({ code: 1234, pad: 'x'.repeat(5_000) });
  expect(factsOf(200, text)).toMatchObject({ code: null, isJson: true });
});
