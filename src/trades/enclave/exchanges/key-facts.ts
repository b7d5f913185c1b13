// Reads from an exchange what a key may do and whose it is. Where the right to withdraw cannot be read, the key counts as
// having it: a wrong refusal is seen, a wrong permission is not.

import { isObject } from '../../../lib/is-object.ts';
import type { KeyFacts } from '../../domain/account.ts';
import type { ExchangeCalls } from '../../domain/exchange-calls.ts';
import type { AccountType } from '../../domain/registration.ts';

/** What is said of a key whose exchange tells nothing. */
const UNKNOWN: KeyFacts = {
  userId: null,
  canWithdraw: false,
  canTrade: false,
  isIpBound: null,
  expiresAtMs: null,
};

/** Rights of a key of Binance with which it trades. */
const BINANCE_TRADING = [
  'enableSpotAndMarginTrading',
  'enableMargin',
  'enableFutures',
  'enableVanillaOptions',
  'enablePortfolioMarginTrading',
];
/** Permissions of a key of Bybit that are not for trading. */
const BYBIT_NO_TRADING: ReadonlySet<string> = new Set(['Wallet', 'Affiliate', 'NFT']);

/** Asks the exchange. Rejects with an `ExchangeError`. */
export async function readKeyFacts(calls: ExchangeCalls, accountType: AccountType): Promise<KeyFacts> {
  if (calls.exchange === 'binance')
    return calls.isSandbox ? binanceSandbox(calls, accountType) : binance(calls);
  if (calls.exchange === 'bybit') return bybit(calls);
  return calls.exchange === 'kraken' ? kraken(calls) : UNKNOWN;
}

/** https://developers.binance.com/docs/wallet/account/api-key-permission */
async function binance(calls: ExchangeCalls): Promise<KeyFacts> {
  const rights = recordOf(await calls.call('sapiGetAccountApiRestrictions', {}));
  const account = recordOf(await calls.call('privateGetAccount', { omitZeroBalances: true }));
  return {
    userId: idOf(account['uid']),
    canWithdraw: rights['enableWithdrawals'] !== false,
    canTrade: BINANCE_TRADING.some((right) => rights[right] === true),
    isIpBound: typeof rights['ipRestrict'] === 'boolean' ? rights['ipRestrict'] : null,
    expiresAtMs: null,
  };
}

/** The sandbox has no call for the rights of a key, and nothing can be withdrawn from it. */
async function binanceSandbox(calls: ExchangeCalls, accountType: AccountType): Promise<KeyFacts> {
  if (accountType === 'spot') {
    const account = recordOf(await calls.call('privateGetAccount', { omitZeroBalances: true }));
    return { ...UNKNOWN, userId: idOf(account['uid']) };
  }
  const rows = await calls.call('fapiPrivateV2GetBalance', {});
  return { ...UNKNOWN, userId: idOf(recordOf(Array.isArray(rows) ? rows[0] : null)['accountAlias']) };
}

/** https://bybit-exchange.github.io/docs/v5/user/apikey-info */
async function bybit(calls: ExchangeCalls): Promise<KeyFacts> {
  const key = recordOf(recordOf(await calls.call('privateGetV5UserQueryApi', {}))['result']);
  const permissions = isObject(key['permissions']) ? key['permissions'] : null;
  const isReadOnly = Number(key['readOnly'] ?? 0) === 1;
  const ips = textsOf(key['ips']);
  return {
    userId: idOf(key['userID']),
    canWithdraw: !isReadOnly && (permissions === null || textsOf(permissions['Wallet']).includes('Withdraw')),
    canTrade:
      !isReadOnly &&
      Object.entries(permissions ?? {}).some(
        ([group, rights]) => !BYBIT_NO_TRADING.has(group) && textsOf(rights).length > 0,
      ),
    isIpBound: ips.length > 0 && !ips.includes('*'),
    expiresAtMs: timeOf(Date.parse(String(key['expiredAt']))),
  };
}

/** https://docs.kraken.com/api-reference/account-data/get-api-key-info (example of an answer) */
async function kraken(calls: ExchangeCalls): Promise<KeyFacts> {
  const key = recordOf(recordOf(await calls.call('privatePostGetApiKeyInfo', {}))['result']);
  const permissions = textsOf(key['permissions']);
  const addresses = key['ipAllowlist'];
  return {
    userId: idOf(key['iban']),
    canWithdraw: !Array.isArray(key['permissions']) || permissions.some((right) => /withdraw/i.test(right)),
    canTrade: permissions.some((right) => /^(modify|create|add|cancel|close)-/i.test(right)),
    isIpBound: Array.isArray(addresses) ? addresses.length > 0 : null,
    expiresAtMs: timeOf(Number(key['validUntil']) * 1000),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** An id is a text or number of an exchange; anything else is none. */
function idOf(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = String(value);
  return text === '' || text === '0' || text.length > 128 ? null : text;
}

/** Exchanges tell a key without an end by 0 or the year 1970. */
function timeOf(ms: number): number | null {
  return Number.isFinite(ms) && ms > 86_400_000 ? ms : null;
}
