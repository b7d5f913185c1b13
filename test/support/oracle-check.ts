// Compares a database with the oracle: every row of the public tables, except ids and times.

import { expect } from 'vitest';
import type { Expected } from '../../src/federation/simulator/expected-rows.ts';
import { rowsOf } from './rows.ts';

/** Compares every column that the oracle foresees. */
export function expectRows(databasePath: string, expected: Expected): void {
  const rows = (sql: string) => rowsOf(databasePath, sql);
  const tasks = rows(
    `SELECT task_id_hash, status, success, execution_time_bucket, gas_used_bucket, cached, chain_id, task_type, reporting_nodes
     FROM aggregated_tasks`,
  );
  expect(byKey(tasks, 'task_id_hash')).toEqual(expected.tasks);
  const invoices = rows(
    `SELECT invoice_id_hash, task_id_hash, chain_id, steps_computed_bucket, memory_used_bucket, operation, reporting_nodes
     FROM aggregated_invoices`,
  );
  expect(byKey(invoices, 'invoice_id_hash')).toEqual(expected.invoices);
  const nodes = rows(
    `SELECT node_id, total_tasks_bucket, active_tasks_bucket, continent_bucket, location_bucket, heartbeat_count,
       status FROM active_nodes`,
  ).map(({ status, ...node }) => ({ ...node, left: status === 'offline' }));
  expect(byKey(nodes, 'node_id')).toEqual(expected.nodes);
}

function byKey(rows: readonly Record<string, unknown>[], key: string): Map<unknown, unknown> {
  return new Map(rows.map(({ [key]: id, ...rest }) => [id, rest]));
}
