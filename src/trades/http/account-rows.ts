// An exchange account as the page's API shows it. It adds the sentences of the reason and of
// the warnings.

import { ACCOUNT_REASONS, keyWarningText } from '../domain/account-reasons.ts';
import type { AccountRow } from '../domain/account.ts';

/** A row of the table. Times are UTC text. */
export interface ShownAccount {
  readonly account: string;
  readonly label: string;
  readonly exchange: string;
  readonly accountType: string;
  readonly sandbox: boolean;
  readonly local: boolean;
  readonly state: AccountRow['node'];
  readonly reason: string;
  readonly exchangeCode: string | null;
  readonly warnings: readonly string[];
  readonly lastPoll: string | null;
  readonly intervalSecs: number;
  readonly unpolledMarkets: number;
  readonly readTo: string | null;
  readonly seq: number;
  readonly sessionExpires: string | null;
}

/** Makes the row. */
export function shownAccount(row: AccountRow): ShownAccount {
  return {
    account: row.accountId,
    label: row.label,
    exchange: row.exchange,
    accountType: row.accountType,
    sandbox: row.isSandbox,
    local: row.isLocal,
    state: row.node,
    reason: row.reason === null ? '' : ACCOUNT_REASONS[row.reason],
    exchangeCode: row.exchangeCode,
    warnings: row.warnings.map((warning) => keyWarningText(warning, timeText(row.keyExpiresAtMs))),
    lastPoll: timeText(row.lastPollAtMs),
    intervalSecs: Math.round(row.intervalMs / 1000),
    unpolledMarkets: row.unpolledMarkets,
    readTo: timeText(row.readToMs),
    seq: row.seq,
    sessionExpires: timeText(row.sessionExpiresAtMs),
  };
}

function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
