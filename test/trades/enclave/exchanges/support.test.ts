// Which accounts are supported, which exchanges there are, and what their keys may do.

import { expect, it } from 'vitest';
import type { Credentials, KeyFacts } from '../../../../src/trades/domain/account.ts';
import type { AccountType } from '../../../../src/trades/domain/registration.ts';
import { exchangeIds, loadExchange } from '../../../../src/trades/enclave/exchanges/exchange-modules.ts';
import { environmentOf } from '../../../../src/trades/enclave/exchanges/support.ts';
import { tinyBinance, tinyBybit, tinyKraken, tinyExchange, type Answerer } from './tiny-exchanges.ts';
import { A, OF_KRAKEN, venuesOf } from './venues-under-test.ts';

it.each([
  ['binance', 'spot', false, 'live'],
  ['binance', 'margin', false, 'live'],
  ['binance', 'futures', false, 'live'],
  ['binance', 'spot', true, 'testnet'],
  ['binance', 'margin', true, 'The sandbox of Binance has no margin accounts.'],
  ['binance', 'futures', true, 'demo'],
  ['bybit', 'spot', false, 'live'],
  ['bybit', 'margin', true, 'testnet'],
  ['bybit', 'futures', true, 'testnet'],
  ['kraken', 'spot', false, 'live'],
  ['kraken', 'margin', false, 'live'],
  ['kraken', 'futures', false, /register krakenfutures instead/],
  ['kraken', 'spot', true, /no sandbox/],
  ['bitstamp', 'spot', true, /sandbox of bitstamp is not supported/],
  ['constructor', 'spot', false, /no exchange with this id/],
  ['__proto__', 'spot', false, /no exchange with this id/],
  ['../binance', 'spot', false, /no exchange with this id/],
] as const)('support - %s %s, sandbox %s: %s', async (exchange, accountType, isSandbox, expected) => {
  const question = { exchange, accountType, isSandbox };
  const refusal = await venuesOf({}).refusal(question, A);
  if (expected === 'live' || expected === 'testnet' || expected === 'demo') {
    expect(refusal).toBeNull();
    expect(environmentOf(question)).toBe(expected);
  } else expect(refusal).toMatch(expected);
});

it.each([
  ['okx', A, 'okx needs password.'],
  ['okx', { ...A, password: 'planted-password' }, null],
  ['kucoin', A, 'kucoin needs password.'],
  ['bitget', A, 'bitget needs password.'],
  ['hyperliquid', A, 'hyperliquid needs privateKey.'],
  ['hyperliquid', { ...A, walletAddress: '0x1', privateKey: '0x2' }, null],
  ['hyperliquid', { ...A, privateKey: '0x2' }, 'hyperliquid needs walletAddress.'],
] as const)(
  'support - %s names the credential that is missing: %j',
  async (exchange, credentials: Credentials, expected) => {
    const question = { exchange, accountType: 'spot', isSandbox: false } as const;
    expect(await venuesOf({}).refusal(question, credentials)).toBe(expected);
  },
);

it('modules - there are the 104 exchanges of ccxt, and each id names an exchange', async () => {
  const ids = await exchangeIds();
  expect(ids.size).toBe(104);
  expect([...ids].filter((id) => !/^[a-z0-9]+$/.test(id))).toEqual([]);
  expect(await loadExchange('toString')).toBeNull();
  const found = await loadExchange('kraken');
  expect(found === null ? null : new found({}).id).toBe('kraken');
});

const restrictions =
  (body: object): Answerer =>
  () => ({ body });
const FACTS: readonly (readonly [string, AccountType, string, Answerer, Partial<KeyFacts>])[] = [
  [
    'binance',
    'spot',
    '/sapi/v1/account/apiRestrictions',
    restrictions({
      ipRestrict: true,
      enableReading: true,
      enableWithdrawals: false,
      enableSpotAndMarginTrading: false,
    }),
    { userId: '354937868', canWithdraw: false, canTrade: false, isIpBound: true, expiresAtMs: null },
  ],
  [
    'binance',
    'spot',
    '/sapi/v1/account/apiRestrictions',
    restrictions({ ipRestrict: false, enableWithdrawals: true, enableFutures: true }),
    { canWithdraw: true, canTrade: true, isIpBound: false },
  ],
  [
    'binance',
    'spot',
    '/sapi/v1/account/apiRestrictions',
    restrictions({}),
    { canWithdraw: true, isIpBound: null },
  ],
  [
    'bybit',
    'futures',
    '/v5/user/query-api',
    restrictions({
      retCode: 0,
      result: {
        readOnly: 0,
        permissions: { ContractTrade: ['Order'], Wallet: ['AccountTransfer', 'Withdraw'] },
        ips: ['1.2.3.4'],
        expiredAt: '2027-01-01T00:00:00Z',
        userID: 24_617_703,
      },
    }),
    {
      userId: '24617703',
      canWithdraw: true,
      canTrade: true,
      isIpBound: true,
      expiresAtMs: Date.UTC(2027, 0, 1),
    },
  ],
  [
    'kraken',
    'spot',
    '/0/private/GetApiKeyInfo',
    restrictions({
      error: [],
      result: {
        permissions: ['query-funds', 'withdraw-funds'],
        iban: 'AA45 N84G',
        validUntil: '0',
        ipAllowlist: [],
      },
    }),
    { userId: 'AA45 N84G', canWithdraw: true, canTrade: false, isIpBound: false, expiresAtMs: null },
  ],
  [
    'kraken',
    'spot',
    '/0/private/GetApiKeyInfo',
    restrictions({
      error: [],
      result: { permissions: ['query-closed-trades', 'modify-orders'], validUntil: '1800000000' },
    }),
    { userId: null, canWithdraw: false, canTrade: true, isIpBound: null, expiresAtMs: 1_800_000_000_000 },
  ],
];

it.each(FACTS)(
  'key - %s tells what a key of %s may do',
  async (exchange, accountType, path, answer, expected) => {
    const makers = { binance: tinyBinance, bybit: tinyBybit, kraken: tinyKraken };
    const server = await (makers[exchange as keyof typeof makers] ?? tinyExchange)(Date.now);
    server.on(path, answer);
    server.on('/api/v3/account', () => ({ body: { uid: 354_937_868, balances: [] } }));
    const venue = venuesOf({ [exchange]: server }).venue(exchange, false);
    expect(await venue.keyFacts(OF_KRAKEN, accountType)).toMatchObject(expected);
  },
);
