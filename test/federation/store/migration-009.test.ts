import Sqlite from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import {
  FEDERATION_DATABASE,
  openFederationWriter,
} from '../../../src/federation/store/federation-database.ts';
import { MIGRATIONS } from '../../../src/federation/store/migrations/index.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { applicationIdOf } from '../../../src/store/program-identity.ts';
import { NO_LIMITS } from './events.ts';
import { testFolder } from './opened.ts';

it('migration 9 - positions of a single process keep their law, and the database belongs to no cluster', () => {
  const folder = testFolder('migration-009');
  onTestFinished(() => folder.remove());
  const path = folder.path('a.db');
  const old = new Sqlite(path);
  for (const migration of MIGRATIONS.slice(0, 8)) {
    if (typeof migration === 'string') old.exec(migration);
    else migration(old);
  }
  old.exec(`
    INSERT INTO ingest_position VALUES ('S', 'c', 3, 9, 5, 2, 1, 1, 1, 0, 1, 1);
    PRAGMA user_version = 8;
    PRAGMA application_id = ${applicationIdOf(FEDERATION_DATABASE.name)};
  `);
  old.close();
  const database = openFederationWriter(path);
  const options = { limits: NO_LIMITS, generationSize: 2, placesLog2: 6, transitionsPerNodeMax: 10 };
  const writer = new FederationWriter(database, options, 'test');
  const column = (sql: string) => database.prepare(sql).pluck().all();
  expect(column('SELECT elsewhere FROM ingest_position')).toEqual([0]);
  expect([writer.membership, writer.replica()]).toEqual([null, null]);
  expect(column('SELECT count(*) FROM commands UNION ALL SELECT count(*) FROM log_sources')).toEqual([0, 0]);
  const refused = [
    'UPDATE ingest_position SET elsewhere = -1',
    "INSERT INTO log_sources VALUES ('S', 'c', 0, 0, 2, 0, 0, 0)",
    "INSERT INTO commands VALUES ('id', NULL, 'r', 0, '{', 0)",
    "INSERT INTO commands VALUES ('id', NULL, 'r', -1, '{}', 0)",
    "INSERT INTO commands VALUES ('id', NULL, 'r', 0, '{}', 2)",
  ];
  for (const sql of refused) expect(() => database.exec(sql)).toThrow('CHECK');
  writer.close();
});
