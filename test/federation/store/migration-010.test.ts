import Sqlite from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import {
  FEDERATION_DATABASE,
  openFederationWriter,
} from '../../../src/federation/store/federation-database.ts';
import { MIGRATIONS } from '../../../src/federation/store/migrations/index.ts';
import { applicationIdOf } from '../../../src/store/program-identity.ts';
import { testFolder } from './opened.ts';

it('migration 10 - rows of statistics from before know no states of nodes, and the log of events begins empty', () => {
  const folder = testFolder('migration-010');
  onTestFinished(() => folder.remove());
  const path = folder.path('a.db');
  const old = new Sqlite(path);
  for (const migration of MIGRATIONS.slice(0, 9)) {
    if (typeof migration === 'string') old.exec(migration);
    else migration(old);
  }
  old.exec(`
    INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
      failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at)
    VALUES ('2026-01-15T10:30:00.000Z', 'all', 1, 2, 3, 3, 0, 0, 0, 100, 0, '2026-01-15T10:30:00.000Z');
    PRAGMA user_version = 9;
    PRAGMA application_id = ${applicationIdOf(FEDERATION_DATABASE.name)};
  `);
  old.close();
  const database = openFederationWriter(path);
  const row = database.prepare(
    'SELECT active_nodes, online_nodes, stale_nodes, offline_nodes FROM network_stats',
  );
  expect(row.get()).toEqual({ active_nodes: 1, online_nodes: null, stale_nodes: null, offline_nodes: null });
  expect(database.prepare('SELECT count(*) FROM events').pluck().get()).toBe(0);
  database.close();
});
