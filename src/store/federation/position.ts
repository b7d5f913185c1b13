// Where we are in the broker's stream: which sequence comes next, and what became of every one before it. Written in
// the transaction that stores the effects, so the two cannot disagree.

import type { Outcome } from '../../domain/federation/accounting.ts';
import type { Database, Statement } from '../database.ts';

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
  readonly #save: Statement<PositionRow>;
  readonly #rowsOf: Statement<[string], PositionRow>;
  #row: PositionRow | null = null;

  constructor(database: Database) {
    const names = ['first_seq', 'last_seq', 'last_ms', ...COUNTED, 'lost'];
    this.#save = database.prepare(
      `INSERT INTO ingest_position (stream, incarnation, ${names.join(', ')})
       VALUES (@stream, @incarnation, ${names.map((name) => `@${name}`).join(', ')})
       ON CONFLICT DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')}`,
    );
    this.#rowsOf = database.prepare('SELECT * FROM ingest_position WHERE stream = ? ORDER BY rowid');
  }

  /** The next sequence to read; null while attached to no stream. */
  get nextSeq(): number | null {
    return this.#row === null ? null : this.#row.last_seq + 1;
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
    const latest = this.#latest(stream);
    if (latest === null) {
      this.#row = emptyRow(stream.name, stream.created, Math.max(1, stream.firstSeq));
      return;
    }
    const wentBack = stream.lastSeq < latest.last_seq;
    const isAnother = storedAtMs !== null && storedAtMs !== latest.last_ms;
    if (!wentBack && !isAnother) {
      this.#row = latest;
      this.#skipTo(stream.firstSeq - 1);
      return;
    }
    const number = Number(latest.incarnation.split('#')[1] ?? 0) + 1;
    const firstSeq = wentBack ? stream.lastSeq + 1 : latest.last_seq + 1;
    this.#row = emptyRow(stream.name, `${stream.created}#${number}`, firstSeq);
  }

  detach(): void {
    this.#row = null;
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
    if (this.#row !== null) this.#save.run(this.#row);
  }

  #latest(stream: StreamFacts): PositionRow | null {
    const rows = this.#rowsOf.all(stream.name);
    return rows.findLast((row) => row.incarnation.split('#')[0] === stream.created) ?? null;
  }

  #skipTo(seq: number): void {
    const row = this.#row;
    if (row === null || seq <= row.last_seq) return;
    row.lost += seq - row.last_seq;
    this.lostSinceStart += seq - row.last_seq;
    row.last_seq = seq;
  }
}

function isCounted(outcome: Outcome): outcome is Counted {
  return COUNTED.some((word) => word === outcome);
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
