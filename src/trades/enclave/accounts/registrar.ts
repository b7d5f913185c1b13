// Looks at a registration before a session begins: can such an account be polled, what may its keys do, and which account
// is it. It begins nothing.

import type { AccountRegistration, KeyFacts, KeyWarning } from '../../domain/account.ts';
import { ACCOUNT_REASONS, REGISTRATION_REASONS } from '../../domain/account-reasons.ts';
import type { SessionRefusal } from '../../domain/enclave-api.ts';
import { ExchangeError, type ExchangeErrorKind } from '../../domain/exchange-calls.ts';
import { isTestedExchange } from '../../domain/tested-exchanges.ts';
import type { AccountDeskParts, DeskVenue } from './account-desk-parts.ts';

/** An account that may be registered. */
export interface Registrant {
  readonly venue: DeskVenue;
  readonly facts: KeyFacts;
  readonly warnings: readonly KeyWarning[];
  /** The account that exchange and keys name. */
  readonly accountId: string;
  /** Now by the exchange's clock, in ms since 1970. */
  readonly exchangeNowMs: number;
  /** How far back the exchange serves fills, as ccxt says of an untested one, in ms; null if nothing says it. */
  readonly servedMs: number | null;
}

const DAY_MS = 86_400_000;

type Status = SessionRefusal['status'];

function refusal(status: Status, code: string, reason: string): SessionRefusal {
  return { status, code, reason };
}

const STATUS: Readonly<Record<ExchangeErrorKind, Status>> = {
  key_refused: 403,
  nonce: 502,
  clock: 502,
  rate_limited: 503,
  unreachable: 502,
  market_unavailable: 502,
  unsupported: 400,
  exchange_error: 502,
};

function refusalFor({ kind }: ExchangeError): SessionRefusal {
  if (kind === 'unsupported')
    return refusal(400, 'unsupported', 'This kind of account is not supported at this exchange.');
  const code = kind === 'market_unavailable' ? 'exchange_error' : kind;
  return refusal(STATUS[kind], code, REGISTRATION_REASONS[code] ?? ACCOUNT_REASONS[code]);
}

/** What the owner of a key should change about it. */
function warningsFor(
  exchange: string,
  { canTrade, isIpBound, expiresAtMs }: KeyFacts,
): readonly KeyWarning[] {
  return [
    ...(canTrade ? (['can_trade'] as const) : []),
    ...(isIpBound === false ? (['not_ip_bound'] as const) : []),
    ...(expiresAtMs === null ? [] : (['expires'] as const)),
    ...(isTestedExchange(exchange) ? [] : (['untested'] as const)),
  ];
}

/** The readers of tested exchanges know it themselves. */
function servedMs(exchange: string, daysBack: number | null): number | null {
  return daysBack === null || isTestedExchange(exchange) ? null : daysBack * DAY_MS;
}

/** Checks the registration at the exchange. */
export async function checkRegistration(
  { options, credentials }: AccountRegistration,
  { venues, keys }: Pick<AccountDeskParts, 'venues' | 'keys'>,
): Promise<Registrant | SessionRefusal> {
  const { exchange, accountType, isSandbox } = options;
  try {
    const unsupported = await venues.refusal(options, credentials);
    if (unsupported !== null) return refusal(400, 'unsupported', unsupported);
    const venue = venues.venue(exchange, isSandbox);
    await venue.ready(accountType);
    const facts = await venue.keyFacts(credentials, accountType);
    if (facts.canWithdraw) return refusal(403, 'over_powered', ACCOUNT_REASONS.over_powered);
    const who = facts.userId === null ? ['key', credentials.apiKey] : ['user', facts.userId];
    const accountId = keys.accountId([exchange, isSandbox ? 'sandbox' : 'live', accountType, ...who]);
    const now = await venue.use(credentials, accountType, async (calls) => ({
      exchangeNowMs: calls.nowMs(),
      servedMs: servedMs(exchange, calls.features.daysBack),
    }));
    return { venue, facts, warnings: warningsFor(exchange, facts), accountId, ...now };
  } catch (error) {
    if (error instanceof ExchangeError) return refusalFor(error);
    throw error;
  }
}
