// The position in the broker's stream: which sequence comes next, and how many messages before it had which outcome. It
// is written in the transaction that stores the effects of the messages, so the two always agree.

import type { Outcome } from '../domain/accounting.ts';
import type { StreamFacts } from '../domain/stream-facts.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';

/** Outcomes that a sequence can have. The column `lost` counts the sequences that the stream no longer held. */
const COUNTED = ['applied', 'duplicate', 'rejected', 'rate_limited', 'quarantined', 'ignored'] as const;
type CountedOutcome = (typeof COUNTED)[number];

interface PositionRow extends Record<CountedOutcome, number> {
  stream: string;
  incarnation: string;
  first_seq: number;
  last_seq: number;
  last_ms: number;
  lost: number;
}

/** The position of one reader in all streams that it has read. */
export class StreamPosition {
  /** Messages found lost since the process started. */
  lostSinceStart = 0;
  /** Messages found lost since the last commit. */
  lostSinceCommit = 0;
  readonly #save: Statement<PositionRow>;
  readonly #rowsOf: Statement<[string], PositionRow>;
  readonly #rename: Statement<[string, string, string]>;
  #row: PositionRow | null = null;
  /** Rows of streams from which the reader detached since the last commit. */
  #left: PositionRow[] = [];
  /** Changes of a row's creation time since the last commit: new time, stream, old time. */
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

  /** The last sequence that has an outcome, and the time of the last message taken; null if none was taken. */
  get last(): { readonly seq: number; readonly atMs: number } | null {
    const row = this.#row;
    return row === null || row.last_ms === 0 ? null : { seq: row.last_seq, atMs: row.last_ms };
  }

  /** The row of the attached stream; null while attached to no stream. */
  get attachedTo(): { readonly stream: string; readonly incarnation: string } | null {
    return this.#row === null ? null : { stream: this.#row.stream, incarnation: this.#row.incarnation };
  }

  /** Attaches to a stored row: the position of a dropped writer at its last commit. */
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
   * stream no longer holds that message. If the stream ends before the stored position, or holds another message at it,
   * it is another incarnation and gets its own position.
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
      // The message at the stored position is there, so this is the known stream, restored or given another creation
      // time. (At its next start, nats-server 2.9 gives a stream another creation time if its settings were changed.)
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

  /** Detaches from the stream; its row is written with the next commit. */
  detach(): void {
    this.#leave();
  }

  /** The stream holds no more messages up to and including `seq`: those that were unread there are lost. */
  nothingUpTo(seq: number): void {
    this.#skipTo(seq);
  }

  /** Accepts the message with this sequence; false if it was accepted before. Skipped sequences count as lost. */
  take(seq: number, atMs: number): boolean {
    const row = this.#row;
    if (row === null || seq <= row.last_seq) return false;
    this.#skipTo(seq - 1);
    row.last_seq = seq;
    row.last_ms = atMs;
    return true;
  }

  /** Counts the outcome of the last message taken. */
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

  /** The row of this creation time, the last one if there are several; otherwise the last row of the stream. */
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

function isCounted(outcome: Outcome): outcome is CountedOutcome {
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
