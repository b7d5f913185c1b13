// The conservation law (docs/federation.md#conservation) in both forms: in the counters of one scrape every message
// received is exactly one outcome or in flight, and in the database every sequence up to the position has exactly one
// outcome.

import Sqlite from 'better-sqlite3';
import { expect } from 'vitest';
import type { Aggregator } from './aggregator.ts';

export async function expectConserved(aggregator: Aggregator, databasePath?: string): Promise<void> {
  const text = await (await fetch(`${await aggregator.url()}/metrics`)).text();
  const sum = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  const received = sum('aggregator_messages_received_total');
  expect(sum('aggregator_messages_total') + sum('aggregator_in_flight_messages')).toBe(received);
  if (databasePath !== undefined) expectPositionsConserved(databasePath);
}

/** `last_seq − first_seq + 1` is the sum of the outcomes, for every incarnation of every stream. */
export function expectPositionsConserved(databasePath: string): void {
  const database = new Sqlite(databasePath, { readonly: true });
  const rows = database
    .prepare<[], { length: number; outcomes: number }>(
      `SELECT last_seq - first_seq + 1 AS length,
         applied + duplicate + rejected + rate_limited + quarantined + ignored + lost + elsewhere AS outcomes
         FROM ingest_position`,
    )
    .all();
  database.close();
  for (const { length, outcomes } of rows) expect(outcomes).toBe(length);
}
