import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCurrent, openWriter as openAny } from '../../../src/store/database.ts';
import { MINING_DATABASE } from '../../../src/mining/store/mining-database.ts';
import { TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';
import { TradesWriter } from '../../../src/trades/store/writer.ts';
import { checkpoint, commit, delivered, job, keyUsed, openWriter, sealed, temporaryPath } from './facts.ts';

/** A later program with another table. */
const NEXT = {
  ...TRADES_DATABASE,
  migrations: [...TRADES_DATABASE.migrations, 'CREATE TABLE further(entry INTEGER PRIMARY KEY, sealed BLOB)'],
};

describe('migrations', () => {
  it('migrations - the views show what people look for, and no hash of a token', () => {
    const { database, writer } = openWriter();
    commit(writer, keyUsed('one'), sealed(1, { job: job('one') }), delivered(1));
    const all = (view: string) => database.prepare(`SELECT * FROM ${view}`).all();
    expect(all('outbox')).toMatchObject([
      {
        id: 1,
        client_id: 'a',
        exchange: 'mock',
        provenance: 'client_reported',
        digest: sealed(1).entry.digest,
        state: 'delivered',
        period_start: '2026-01-15T10:00:00.000Z',
        ended_at: '2026-01-15T10:00:00.050Z',
      },
    ]);
    expect(all('hourly_buckets')).toMatchObject([
      {
        client_id: 'a',
        t: '2026-01-15T10:00:00.000Z',
        trades: 2,
        volume_quote: 100,
        quote: 'USD',
        outbox_id: 1,
      },
    ]);
    expect(all('jobs')).toMatchObject([{ job_hash: job('one').jobHash, trades: 2, outbox_id: 1 }]);
    expect(JSON.stringify(all('jobs'))).not.toContain(job('one').tokenHash);
    expect(all('signing_keys')).toMatchObject([{ kid: 'kid-one', provenance: 'client_reported' }]);
  });

  it('migrations - the next version keeps every row, beside a copy of the file as it was', () => {
    const { database, writer, path } = openWriter();
    commit(writer, sealed(1, { job: job('one') }), sealed(2));
    database.close();
    const next = openAny(path, NEXT);
    expect([...new TradesWriter(next, 0).waitingPages()].flat().map(({ id }) => id)).toEqual([1, 2]);
    next.prepare('INSERT INTO further VALUES (1, NULL)').run();
    next.close();
    expect(existsSync(`${path}.before-version-3`)).toBe(true);
    expect(() => openAny(path, TRADES_DATABASE)).toThrow(/run the newer program again/);
  });

  it('migrations - a database of version 1 keeps its summaries, and takes checkpoints', () => {
    const path = temporaryPath();
    const old = openAny(path, { ...TRADES_DATABASE, migrations: TRADES_DATABASE.migrations.slice(0, 1) });
    expect(old.pragma('user_version', { simple: true })).toBe(1);
    old.exec(`INSERT INTO clients VALUES (1, 'a', 'mock', 5);
      INSERT INTO outbox_rows (id, client, provenance, digest, period_start_ms, period_end_ms, trades, body_bytes,
        sealed_ms, state, place, attempts, next_ms)
        VALUES (7, 1, 0, x'${sealed(1).entry.digest}', 1, 2, 3, 4, 5, 0, 1, 0, 0);
      INSERT INTO bodies VALUES (7, 'body');`);
    old.close();
    const { database, writer } = openWriter(path);
    expect(existsSync(`${path}.before-version-2`)).toBe(true);
    expect([...writer.waitingPages()].flat()).toMatchObject([{ id: 7, clientId: 'a', bodyBytes: 4 }]);
    expect(writer.kept(0)).toMatchObject({ nextEntryId: 8, accounts: 0 });
    commit(writer, { type: 'checkpointed', checkpoint: checkpoint('b', 1, 2) });
    expect(database.prepare('SELECT * FROM checkpoints').all()).toEqual([
      {
        client_id: 'b',
        seal_id: 'seal-one',
        seq: 1,
        turn: 2,
        sealed_bytes: 3,
        stored_at: '2026-01-15T10:00:00.000Z',
      },
    ]);
  });

  it('migrations - a database of another program is refused, and left as it is', () => {
    const path = temporaryPath();
    openAny(path, MINING_DATABASE).close();
    expect(() => openAny(path, TRADES_DATABASE)).toThrow(
      /is a database of mining, and this program is trades/,
    );
    openCurrent(path, MINING_DATABASE).close();
    const own = temporaryPath();
    openAny(own, TRADES_DATABASE).close();
    expect(() => openCurrent(own, MINING_DATABASE)).toThrow(/is a database of trades/);
  });
});
