// Reads the machines whose actors are made again after a start.

import { NODE_STATES, type NodeSign } from '../../lifecycle/node-state.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

interface Row {
  readonly number: number;
  readonly machineId: string;
  readonly seenMs: number;
  readonly heardObservedMs: number;
  readonly state: number | null;
}

/** The machines with the next numbers after this one that were heard since; empty after the last. */
export function readNodesToResume(
  database: ReadDatabase,
  query: { readonly afterNumber: number; readonly heardSinceObservedMs: number; readonly limit: number },
): NodeSign[] {
  return statement<[number, number, number], Row>(
    database,
    `SELECT number, machine_id AS machineId, seen_ms AS seenMs, heard_observed_ms AS heardObservedMs, state
       FROM machines WHERE number > ? AND heard_observed_ms >= ? ORDER BY number LIMIT ?`,
  )
    .all(query.afterNumber, query.heardSinceObservedMs, query.limit)
    .map(({ number, machineId, seenMs, heardObservedMs, state }) => ({
      number,
      nodeId: machineId,
      lifeAtMs: seenMs,
      leftAtMs: 0,
      heardObservedMs,
      state: state === null ? null : (NODE_STATES[state] ?? null),
    }));
}
