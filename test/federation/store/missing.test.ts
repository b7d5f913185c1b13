// The record of missing messages in the database: with the commit that counts them, once, over restarts and refusals.

import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NONE_MISSING } from '../../../src/federation/domain/missing.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { applyOperatorRequest } from '../../../src/federation/store/apply-operator-request.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { MIGRATIONS } from '../../../src/federation/store/migrations/index.ts';
import { NO_LIMITS, NOW_MS } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const STREAM = { name: 'TRUEBIT_INGEST', created: '2026-01-15T10:30:00Z', firstSeq: 1, lastSeq: 500 };
const ASIDE = { seq: 7, subject: 'truebit.heartbeat', code: 'Error', atMs: NOW_MS };

let folder: ReturnType<typeof testFolder>;
beforeEach(() => {
  folder = testFolder('missing');
});
afterEach(() => folder.remove());

const counts = (writer: FederationWriter) =>
  Object.values(writer.missing.records).map(({ total, acknowledged }) => [total, acknowledged]);

describe('missing rows', () => {
  it('missing rows - they are written with the commit that counts them, and read after a restart', () => {
    const opened = new Opened(folder.path('a.db'));
    expect(opened.writer.missing.records).toEqual(NONE_MISSING);
    opened.writer.position.attach(STREAM, null);
    opened.writer.position.nothingUpTo(400);
    opened.writer.shed(3);
    opened.writer.quarantine(ASIDE);
    expect(opened.writer.missing.records).toEqual(NONE_MISSING);
    opened.commit();
    opened.commit();
    expect(counts(opened.writer)).toEqual([
      [400, 0],
      [3, 0],
      [1, 0],
    ]);
    expect(opened.all('SELECT lost FROM ingest_position')).toEqual([{ lost: 400 }]);
    // Not committed, as after a kill.
    opened.writer.position.nothingUpTo(450);
    opened.reopen();
    expect(counts(opened.writer)).toEqual([
      [400, 0],
      [3, 0],
      [1, 0],
    ]);
    expect(opened.writer.missing.records.lost.firstAtMs).toBe(NOW_MS);
    opened.writer.close();
  });

  it('missing rows - an acknowledgement is on disk at once and covers only the totals that the operator saw', () => {
    const opened = new Opened(folder.path('a.db'));
    opened.writer.shed(3);
    opened.commit();
    const seen = applyOperatorRequest(
      opened.writer,
      { type: 'listMissing' },
      { nowMs: NOW_MS, brokerMs: NOW_MS },
    );
    expect(seen).toMatchObject({ shed: { total: 3 } });
    opened.writer.shed(2);
    opened.commit();
    const upTo = { lost: 0, shed: 3, quarantined: 0 };
    applyOperatorRequest(opened.writer, { type: 'acknowledge', upTo }, { nowMs: NOW_MS, brokerMs: NOW_MS });
    opened.writer.shed(1);
    opened.reopen();
    expect(counts(opened.writer)[1]).toEqual([5, 3]);
    opened.writer.shed(1);
    opened.commit();
    opened.reopen();
    expect(counts(opened.writer)[1]).toEqual([6, 3]);
    opened.writer.close();
  });

  it('missing rows - a commit that fails and is repeated, also by another writer, counts once', () => {
    const database = openFederationWriter(folder.path('a.db'));
    const writer = new RevertibleWriter(
      (known) =>
        new FederationWriter(
          database,
          { limits: NO_LIMITS, generationSize: 2, transitionsPerNodeMax: 10 },
          known ?? 'test',
        ),
    );
    writer.attach(STREAM, null);
    writer.commit(NOW_MS, 0);
    database.exec(
      "CREATE TRIGGER full BEFORE INSERT ON missing_messages BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    writer.nothingUpTo(400);
    writer.shed(3);
    expect(() => writer.commit(NOW_MS, 0)).toThrow('no');
    expect(() => writer.commit(NOW_MS, 0)).toThrow('no');
    writer.revert();
    writer.shed(2);
    expect(() => writer.commit(NOW_MS, 0)).toThrow('no');
    writer.revert();
    database.exec('DROP TRIGGER full');
    writer.commit(NOW_MS, 0);
    writer.revert();
    writer.commit(NOW_MS, 0);
    expect(counts(writer.current)).toEqual([
      [400, 0],
      [5, 0],
      [0, 0],
    ]);
    expect(database.prepare('SELECT lost FROM ingest_position').pluck().all()).toEqual([400]);
    writer.current.close();
  });

  it('missing rows - losses that an earlier version counted give no warning after an upgrade', () => {
    const path = folder.path('a.db');
    const old = new Sqlite(path);
    for (const migration of MIGRATIONS.slice(0, 5)) {
      if (typeof migration === 'string') old.exec(migration);
      else migration(old);
    }
    old.exec(`
      INSERT INTO ingest_position VALUES ('TRUEBIT_INGEST', '${STREAM.created}', 1, 400, 0, 0, 0, 0, 0, 1, 0, 399);
      INSERT INTO quarantine VALUES (7, 'truebit.heartbeat', 'Error', '2026-01-15T10:30:00.000Z');
      INSERT INTO network_stats (recorded_at, stat_period, active_nodes, total_nodes_seen, total_tasks, completed_tasks,
        failed_tasks, cached_tasks, total_invoices, success_rate, cache_hit_rate, created_at)
      VALUES ('2026-01-15T10:30:00.000Z', 'all', 1, 1, 1, 1, 0, 0, 0, 100, 0, '');
      PRAGMA user_version = 5;
    `);
    old.close();
    const opened = new Opened(path);
    expect(opened.writer.missing.records).toEqual(NONE_MISSING);
    opened.writer.position.attach({ ...STREAM, firstSeq: 403 }, null);
    opened.commit();
    expect(counts(opened.writer)[0]).toEqual([2, 0]);
    expect(opened.all('SELECT lost FROM ingest_position')).toEqual([{ lost: 401 }]);
    opened.writer.close();
  });
});
