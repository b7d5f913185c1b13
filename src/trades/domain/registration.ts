// The discouraged registration of an exchange account in plain text, as clients of an earlier program send it, and what
// such a client may read back. Pure. A registration holds credentials: nothing here repeats a value that was sent.

import {
  CREDENTIAL,
  EXCHANGE_FAULT,
  EXCHANGE_ID,
  flagOf,
  INTERVAL_MS,
  RETRIES,
  USER_ID,
  USER_ID_FAULT,
  wholeOf,
} from './registration-members.ts';

/** How an account is traded. */
export const ACCOUNT_TYPES = ['spot', 'margin', 'futures'] as const;

/** One of {@link ACCOUNT_TYPES}. */
export type AccountType = (typeof ACCOUNT_TYPES)[number];

/** An exchange account with its credentials. Never log it, and never store it. */
export interface PlainRegistration {
  /** A label that the client chose. */
  readonly userId: string;
  readonly exchange: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly isSandbox: boolean;
  readonly accountType: AccountType;
  /** Longest usual time between two polls, in ms. */
  readonly apiIntervalMs: number;
  /** Further attempts inside one poll. */
  readonly retriesMax: number;
}

/** Figures of one market of a user. Members have the names of the wire. */
export interface UserMetrics {
  readonly symbol: string;
  readonly volume: number;
  readonly trades: number;
  readonly returnPct: number;
  readonly returnUsd: number;
  readonly totalFees: number;
  readonly realizedPnL: number;
  readonly totalTrades: number;
  readonly periodStart: string;
  readonly periodEnd: string;
}

/** Figures of all markets of a user. Members have the names of the wire. */
export interface UserSummary {
  readonly totalVolume: number;
  readonly totalTrades: number;
  /** Sum of the profits ÷ sum of their bases, in percent. */
  readonly totalReturnPct: number;
  readonly totalReturnUsd: number;
  readonly totalFees: number;
}

/** What an unknown user gets. */
export const EMPTY_SUMMARY: UserSummary = {
  totalVolume: 0,
  totalTrades: 0,
  totalReturnPct: 0,
  totalReturnUsd: 0,
  totalFees: 0,
};

/** A registration, or why it is none: a sentence that names the member. */
export type DecodedRegistration = PlainRegistration | { readonly fault: string };

/** Reads the body of a registration. Members that it does not know are ignored. */
export function decodeRegistration(body: unknown): DecodedRegistration {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { fault: 'the body must be a JSON object' };
  const given = body as Readonly<Record<string, unknown>>;
  const text = (name: string, pattern: RegExp): string | null => {
    const value = given[name];
    return typeof value === 'string' && pattern.test(value) ? value : null;
  };
  const userId = text('userId', USER_ID);
  if (userId === null) return { fault: USER_ID_FAULT };
  const exchange = text('exchange', EXCHANGE_ID);
  if (exchange === null) return { fault: EXCHANGE_FAULT };
  const apiKey = text('apiKey', CREDENTIAL);
  if (apiKey === null) return { fault: 'apiKey must have at least 10 characters' };
  const secret = text('secret', CREDENTIAL);
  if (secret === null) return { fault: 'secret must have at least 10 characters' };
  const isSandbox = flagOf(given['sandbox']);
  if (isSandbox === null) return { fault: 'sandbox must be true or false' };
  const accountType = ACCOUNT_TYPES.find((each) => each === (given['accountType'] ?? 'spot'));
  if (accountType === undefined) return { fault: `accountType must be one of ${ACCOUNT_TYPES.join(', ')}` };
  const apiIntervalMs = wholeOf(given['apiInterval'], INTERVAL_MS);
  if (apiIntervalMs === null)
    return {
      fault: `apiInterval must be whole milliseconds from ${INTERVAL_MS.least} to ${INTERVAL_MS.most}`,
    };
  const retriesMax = wholeOf(given['maxRetries'], RETRIES);
  if (retriesMax === null)
    return { fault: `maxRetries must be a whole number from ${RETRIES.least} to ${RETRIES.most}` };
  return { userId, exchange, apiKey, secret, isSandbox, accountType, apiIntervalMs, retriesMax };
}
