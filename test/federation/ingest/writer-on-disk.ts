// The real door and the real writer on a real file, on simulated time and with a disk that a test can break. What is on the
// disk is read over a second connection, so that nothing uncommitted is seen.

import { Door } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { BatchFiller, type Batch, createBatch } from '../../../src/federation/sources/batch.ts';
import { subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import type { StreamFacts } from '../../../src/federation/domain/stream-facts.ts';
import { RevertibleWriter } from '../../../src/federation/store/revertible-writer.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { doorParts } from '../../../src/federation/threads/ingest-door.ts';
import type { ThreadClock } from '../../../src/lib/clock.ts';
import { DatabaseFiles } from '../../../src/store/database-files.ts';
import { type Database, openReader, type ReadDatabase } from '../../../src/store/database.ts';
import type { Publication } from '../../support/messages.ts';
import { SimulatedDisk } from '../simulated-weeks/simulated-disk.ts';
import { SimulatedTime } from '../simulated-weeks/simulated-time.ts';
import { NO_LIMITS, NOW_MS } from '../store/events.ts';

export const STREAM: StreamFacts = { name: 'S', created: '2026-01-01T00:00:00Z', firstSeq: 1, lastSeq: 0 };

const indexOf = subjectIndex(false);

/** A batch of these messages; their sequences begin at `firstSeq`, null on plain NATS. */
export function batchOf(messages: readonly Publication[], firstSeq: number | null): Batch {
  const filler = new BatchFiller(createBatch(100, 100_000));
  messages.forEach(({ subject, payload }, index) => {
    const seq = firstSeq === null ? null : firstSeq + index;
    const observedMs = 10 * (seq ?? index + 1);
    filler.add({
      subject: indexOf(subject),
      payload: Buffer.from(payload),
      atMs: NOW_MS + index,
      seq,
      observedMs,
    });
  });
  return filler.batch;
}

export class WriterOnDisk {
  readonly time = new SimulatedTime(NOW_MS);
  readonly clock: ThreadClock = {
    nowMs: () => this.time.nowMs,
    monotonicMs: () => this.time.nowMs - NOW_MS,
    sharedMs: () => this.time.nowMs,
  };
  readonly path: string;
  readonly disk: SimulatedDisk;
  readonly database: Database;
  readonly writer: RevertibleWriter;
  readonly ledger = new Ledger();
  readonly door: Door;
  readonly files: DatabaseFiles;
  readonly #reader: ReadDatabase;
  /** The name of the table of positions. */
  #positions = 'ingest_position';

  constructor(path: string, limits: Limits = NO_LIMITS) {
    this.path = path;
    this.database = openFederationWriter(path);
    const { database } = this;
    const options = { limits, generationSize: 2, placesLog2: 6, transitionsPerNodeMax: 10 };
    this.writer = new RevertibleWriter((id) => new FederationWriter(database, options, id ?? 'test'));
    this.disk = new SimulatedDisk(path);
    this.disk.serve(database);
    this.door = new Door(doorParts(this.writer, this.ledger, false));
    this.files = new DatabaseFiles(path, database, this.clock.monotonicMs);
    this.#reader = openReader(path);
  }

  /** The parts that a batch commit or an ingest loop is made of. */
  get parts() {
    const { writer, door, ledger, files, clock } = this;
    return { writer, door, ledger, files, clock };
  }

  close(): void {
    this.disk.heal();
    this.#reader.close();
    this.writer.current.close();
  }

  /** The first column of what another connection finds in the file. */
  column(sql: string): unknown[] {
    return this.#reader.prepare(sql).pluck().all();
  }

  /** Tasks in the file. */
  get tasks(): number {
    return Number(this.column('SELECT count(*) FROM tasks')[0]);
  }

  /** The position in the file; null before any. */
  get seq(): unknown {
    return this.column(`SELECT last_seq FROM ${this.#positions}`)[0] ?? null;
  }

  /** From now on the writer can neither read nor write a position, until the returned function is called. */
  hidePositions(): () => void {
    const rename = (name: string) => {
      this.database.exec(`ALTER TABLE ${this.#positions} RENAME TO ${name}`);
      this.#positions = name;
    };
    const before = this.#positions;
    rename('away');
    return () => rename(before);
  }

  /** From now on no such row can be stored, until the returned function is called. */
  refuseRows(table: string): () => void {
    this.database.exec(
      `CREATE TEMP TRIGGER no_${table} BEFORE INSERT ON main.${table} BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    return () => void this.database.exec(`DROP TRIGGER no_${table}`);
  }

  /** What became of the messages so far: received, in flight, and every outcome that there was. */
  get accounts(): Record<string, number> {
    const { received, inFlight, outcomes } = this.ledger.snapshot({
      lost: 0,
      disagreements: 0,
      unknownLabels: [],
    });
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    const found = Object.entries(outcomes).map(([name, counts]) => [name, sum(counts)] as const);
    return {
      received: sum(received),
      inFlight,
      ...Object.fromEntries(found.filter(([, count]) => count > 0)),
    };
  }
}
