// Where we are in the broker's stream: which sequence comes next, and what became of every one before it. Written in
// the transaction that stores the effects, so the two cannot disagree.

import type { Outcome } from '../domain/accounting.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** What the broker says of a stream when we attach to it. */
export interface StreamFacts {
  readonly name: string;
  /** The stream's creation time as the broker writes it. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** Outcomes that a sequence can have; `lost` is for those that the stream no longer held. */
const COUNTED = ['applied', 'duplicate', 'rejected', 'rate_limited', 'quarantined', 'ignored'] as const;
type Counted = (typeof COUNTED)[number];

interface PositionRow extends Record<Counted, number> {
  stream: string;
  incarnation: string;
  first_seq: number;
  last_seq: number;
  last_ms: number;
  lost: number;
}

export class StreamPosition {
  /** Messages found missing since the process started. */
  lostSinceStart = 0;
  /** Of these, since the last commit. */
  lostSinceCommit = 0;
  readonly #save: Statement<PositionRow>;
  readonly #rowsOf: Statement<[string], PositionRow>;
  readonly #rename: Statement<[string, string, string]>;
  #row: PositionRow | null = null;
  /** Rows of streams that we left since the last commit. */
  #left: PositionRow[] = [];
  /** Rows that go by another creation time since the last commit: new, stream, old. */
  #renamed: [string, string, string][] = [];

  constructor(database: Database) {
    const names = ['first_seq', 'last_seq', 'last_ms', ...COUNTED, 'lost'];
    this.#save = statement(
      database,
      `INSERT INTO ingest_position (stream, incarnation, ${names.join(', ')})
       VALUES (@stream, @incarnation, ${names.map((name) => `@${name}`).join(', ')})
       ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    );
    this.#rename = statement(
      database,
      'UPDATE ingest_position SET incarnation = ? WHERE stream = ? AND incarnation = ?',
    );
    this.#rowsOf = statement(database, 'SELECT * FROM ingest_position WHERE stream = ? ORDER BY rowid');
  }

  /** The next sequence to read; null while attached to no stream. */
  get nextSeq(): number | null {
    return this.#row === null ? null : this.#row.last_seq + 1;
  }

  /** The last sequence that has an outcome, and the time of the message taken last; null if none was taken. */
  get last(): { readonly seq: number; readonly atMs: number } | null {
    const row = this.#row;
    return row === null || row.last_ms === 0 ? null : { seq: row.last_seq, atMs: row.last_ms };
  }

  /** The row that we are attached to; null while attached to no stream. */
  get attachedTo(): { readonly stream: string; readonly incarnation: string } | null {
    return this.#row === null ? null : { stream: this.#row.stream, incarnation: this.#row.incarnation };
  }

  /** Attaches to a row as it is on disk: where a position that was dropped stood at its last commit. */
  resume({ stream, incarnation }: { readonly stream: string; readonly incarnation: string }): void {
    this.#row = this.#rowsOf.all(stream).find((row) => row.incarnation === incarnation) ?? null;
  }

  /**
   * The last sequence of the latest incarnation of this stream, so that the caller can ask the broker when that
   * message was stored; null if there is none.
   */
  lastKnown(stream: StreamFacts): { readonly seq: number; readonly atMs: number } | null {
    const row = this.#latest(stream);
    return row === null || row.last_seq < row.first_seq ? null : { seq: row.last_seq, atMs: row.last_ms };
  }

  /**
   * Attaches to a stream. `storedAtMs` is the broker's time of the message at {@link lastKnown}'s sequence, null if the
   * stream does not hold it any more. A stream that went back behind us, or that holds another message where we
   * stopped, is another incarnation and gets a position of its own.
   */
  attach(stream: StreamFacts, storedAtMs: number | null): void {
    this.#leave();
    const latest = this.#latest(stream);
    const isSame = latest !== null && latest.incarnation.split('#')[0] === stream.created;
    if (latest === null || (!isSame && storedAtMs !== latest.last_ms)) {
      this.#row = emptyRow(stream.name, stream.created, Math.max(1, stream.firstSeq));
      return;
    }
    if (!isSame) {
      // The message where we stopped is there: it is the stream that we know, restored, or given another creation time
      // (nats-server 2.9 does that to a stream whose settings were changed, at its next start).
      this.#renamed.push([stream.created, stream.name, latest.incarnation]);
      latest.incarnation = stream.created;
    }
    const wentBack = stream.lastSeq < latest.last_seq;
    const isAnother = storedAtMs !== null && storedAtMs !== latest.last_ms;
    if (!wentBack && !isAnother) {
      this.#row = latest;
      this.#left = this.#left.filter((row) => row !== latest);
      this.#skipTo(stream.firstSeq - 1);
      return;
    }
    const number = Number(latest.incarnation.split('#')[1] ?? 0) + 1;
    const firstSeq = wentBack ? stream.lastSeq + 1 : latest.last_seq + 1;
    this.#row = emptyRow(stream.name, `${stream.created}#${number}`, firstSeq);
  }

  detach(): void {
    this.#leave();
  }

  /** The stream holds nothing more up to and including `seq`: what was there and unread is lost. */
  nothingUpTo(seq: number): void {
    this.#skipTo(seq);
  }

  /** Accepts the message with this sequence; false if it was accepted before. Sequences passed over are lost. */
  take(seq: number, atMs: number): boolean {
    const row = this.#row;
    if (row === null || seq <= row.last_seq) return false;
    this.#skipTo(seq - 1);
    row.last_seq = seq;
    row.last_ms = atMs;
    return true;
  }

  /** Counts what became of the message taken last. */
  count(outcome: Outcome): void {
    if (this.#row !== null && isCounted(outcome)) this.#row[outcome]++;
  }

  /** Writes the position, inside the caller's transaction. */
  write(): void {
    for (const names of this.#renamed) this.#rename.run(...names);
    for (const row of this.#left) this.#save.run(row);
    if (this.#row !== null) this.#save.run(this.#row);
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.lostSinceCommit = 0;
    this.#left = [];
    this.#renamed = [];
  }

  #nameNow(row: PositionRow): string {
    const renamed = this.#renamed.find(([, stream, old]) => stream === row.stream && old === row.incarnation);
    return renamed?.[0] ?? row.incarnation;
  }

  #leave(): void {
    if (this.#row !== null) this.#left.push(this.#row);
    this.#row = null;
  }

  /** The row of this creation time, the last one if there are several; else the last of any. */
  #latest(stream: StreamFacts): PositionRow | null {
    const unsaved = [...this.#left, ...(this.#row === null ? [] : [this.#row])].filter(
      (row) => row.stream === stream.name,
    );
    const saved = this.#rowsOf
      .all(stream.name)
      .map((row) => ({ ...row, incarnation: this.#nameNow(row) }))
      .filter(({ incarnation }) => !unsaved.some((row) => row.incarnation === incarnation));
    const rows = [...saved, ...unsaved];
    return rows.findLast((row) => row.incarnation.split('#')[0] === stream.created) ?? rows.at(-1) ?? null;
  }

  #skipTo(seq: number): void {
    const row = this.#row;
    if (row === null || seq <= row.last_seq) return;
    row.lost += seq - row.last_seq;
    this.lostSinceStart += seq - row.last_seq;
    this.lostSinceCommit += seq - row.last_seq;
    row.last_seq = seq;
  }
}

function isCounted(outcome: Outcome): outcome is Counted {
  return outcome !== 'replayed' && outcome !== 'shed';
}

function emptyRow(stream: string, incarnation: string, firstSeq: number): PositionRow {
  return {
    stream,
    incarnation,
    first_seq: firstSeq,
    last_seq: firstSeq - 1,
    last_ms: 0,
    applied: 0,
    duplicate: 0,
    rejected: 0,
    rate_limited: 0,
    quarantined: 0,
    ignored: 0,
    lost: 0,
  };
}
