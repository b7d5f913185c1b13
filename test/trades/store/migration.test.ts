import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCurrent, openWriter as openAny } from '../../../src/store/database.ts';
import { MINING_DATABASE } from '../../../src/mining/store/mining-database.ts';
import { TRADES_DATABASE } from '../../../src/trades/store/trades-database.ts';
import { TradesWriter } from '../../../src/trades/store/writer.ts';
import { commit, delivered, job, keyUsed, openWriter, sealed, temporaryPath } from './facts.ts';

/** The program that will store a checkpoint with each summary of an account. */
const NEXT = {
  ...TRADES_DATABASE,
  migrations: [
    ...TRADES_DATABASE.migrations,
    'CREATE TABLE checkpoints(entry INTEGER PRIMARY KEY, sealed BLOB)',
  ],
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
    next.prepare('INSERT INTO checkpoints VALUES (1, NULL)').run();
    next.close();
    expect(existsSync(`${path}.before-version-2`)).toBe(true);
    expect(() => openAny(path, TRADES_DATABASE)).toThrow(/run the newer program again/);
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
