// The database of trades as the mechanisms of `src/store` see it: its migrations, and the summary that operators read.

import { type DatabaseProgram, type ReadDatabase } from '../../store/database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { counted } from '../../lib/counted.ts';

/** The summary of a database, as backup, restore and verify print it. */
export interface TradesSummary {
  readonly summaries: number;
  readonly waiting: number;
  readonly deadLetters: number;
  readonly clients: number;
  /** When the newest summary was sealed, in ms since the epoch; 0 without any. */
  readonly newestMs: number;
}

/** The program of a trades database, for the mechanisms of `src/store`. */
export const TRADES_DATABASE: DatabaseProgram<TradesSummary> = {
  name: 'trades',
  migrations: MIGRATIONS,
  ownTable: 'outbox_rows',
  summarise,
};

/** The summary in a few words, for the commands. */
export function describeSummary(summary: TradesSummary): string {
  const { summaries, waiting, deadLetters, clients, newestMs } = summary;
  const newest = newestMs === 0 ? '' : `, up to ${new Date(newestMs).toISOString()}`;
  return `${counted(summaries, 'summary', 'summaries')} of ${counted(clients, 'client')}, ${waiting} waiting, ${counted(deadLetters, 'dead letter')}${newest}`;
}

function summarise(database: ReadDatabase): TradesSummary {
  const number = (sql: string) => Number(database.prepare(sql).pluck().get());
  return {
    summaries: number('SELECT count(*) FROM outbox_rows'),
    waiting: number('SELECT count(*) FROM outbox_rows WHERE state = 0'),
    deadLetters: number('SELECT count(*) FROM outbox_rows WHERE state = 2'),
    clients: number('SELECT count(DISTINCT client_id) FROM clients'),
    newestMs: number('SELECT coalesce(max(sealed_ms), 0) FROM clients'),
  };
}
