// The database of the agent as the mechanisms of `src/store` see it: its migrations, and the summary that operators read.

import type { DatabaseProgram, ReadDatabase } from '../../store/database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { counted } from '../../lib/counted.ts';

/** The summary of a state file, as backup, restore and verify print it. */
export interface AgentSummary {
  readonly facts: number;
  /** Messages in the outbox. */
  readonly waiting: number;
  /** When the kept statistics arrived, as text; null without any. */
  readonly statistics: string | null;
}

/** The program of an agent's database, for the mechanisms of `src/store`. */
export const AGENT_DATABASE: DatabaseProgram<AgentSummary> = {
  name: 'agent',
  migrations: MIGRATIONS,
  // `network_stats_cache` is also a table of deployed monitors.
  ownTable: 'facts',
  summarise,
};

/** The summary in a few words, for the commands. */
export function describeSummary({ facts, waiting, statistics }: AgentSummary): string {
  const newest = statistics === null ? '' : `, statistics of ${statistics}`;
  return `${counted(facts, 'fact')}, ${counted(waiting, 'message')} waiting${newest}`;
}

function summarise(database: ReadDatabase): AgentSummary {
  const number = (sql: string) => Number(database.prepare(sql).pluck().get());
  const statistics = database.prepare('SELECT last_updated FROM network_stats_cache').pluck().get();
  return {
    facts: number('SELECT coalesce(sum(count), 0) FROM fact_days'),
    waiting: number('SELECT count(*) FROM outbox'),
    statistics: typeof statistics === 'string' ? statistics : null,
  };
}
