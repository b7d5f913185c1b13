// The position in the broker's stream: which sequence comes next, and how many messages before it had which outcome. It
// is written in the transaction that stores the effects of the messages, so the two always agree.

import type { Outcome } from '../domain/accounting.ts';
import { type Source, sourceName } from '../domain/cluster.ts';
import { judgeIncarnation } from '../domain/incarnation.ts';
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
  elsewhere: number;
}

/**
 * The position of one reader in all streams that it has read. A single process is attached to one stream at a time. A
 * replica of a cluster reads a log of rounds and {@link enter}s the source of each round.
 */
export class StreamPosition {
  /** Messages found lost since the process started. */
  lostSinceStart = 0;
  /** Messages found lost since the last commit. */
  lostSinceCommit = 0;
  readonly #save: Statement<PositionRow>;
  readonly #rowsOf: Statement<[string], PositionRow>;
  readonly #rename: Statement<[string, string, string]>;
  /** The row of the attached stream, or of the source entered last. */
  #row: PositionRow | null = null;
  /** Rows of streams from which the reader detached since the last commit. */
  #left: PositionRow[] = [];
  /** The rows of the sources of a log that were entered, by stream and incarnation; null if no log is read. */
  #sources: Map<string, PositionRow> | null = null;
  /** What a sequence is that no message has: of another partition if a log is read. */
  #gap: 'lost' | 'elsewhere' = 'lost';
  /** Changes of a row's creation time since the last commit: new time, stream, old time. */
  #renamed: [string, string, string][] = [];

  constructor(database: Database) {
    const names = ['first_seq', 'last_seq', 'last_ms', ...COUNTED, 'lost', 'elsewhere'];
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

  /** True if messages come from plain NATS: neither from a stream nor from a log. */
  get isPlain(): boolean {
    return this.#row === null && this.#sources === null;
  }

  /** The next sequence to read of the attached stream; null while attached to no stream. */
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

  /** From now on a log is read, and messages belong to the source that was entered last. */
  followLog(): void {
    this.#leave();
    this.#sources ??= new Map();
    this.#gap = 'elsewhere';
  }

  /**
   * The next messages are of this source, whose first sequence is `firstSeq`. Returns the last sequence of it that has
   * an outcome; `firstSeq` − 1 if the source is not known.
   */
  enter(source: Source, firstSeq: number): number {
    const row = this.#rowOf(source) ?? emptyRow(source.stream, source.incarnation, firstSeq);
    this.#sources?.set(sourceName(source), row);
    if (row !== this.#row) this.#leave();
    this.#row = row;
    return row.last_seq;
  }

  /** How far a source was read, and how many of its sequences this partition has had; null if it is not known. */
  reachOf(
    source: Source,
  ): { readonly first: number; readonly upto: number; readonly entries: number } | null {
    const row = this.#rowOf(source);
    if (row === null) return null;
    return {
      first: row.first_seq,
      upto: row.last_seq,
      entries: row.last_seq - row.first_seq + 1 - row.elsewhere,
    };
  }

  /** The source entered last holds `count` sequences up to `seq` no more; those not taken before are lost. */
  lose(seq: number, count: number): void {
    this.#skipTo(seq - count);
    this.#skipTo(seq, 'lost');
  }

  /** The source entered last has nothing more for this partition up to and including `seq`. */
  passTo(seq: number): void {
    this.#skipTo(seq);
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
   * stream no longer holds that message. Another incarnation of the stream gets its own position.
   */
  attach(stream: StreamFacts, storedAtMs: number | null): void {
    this.#leave();
    const latest = this.#latest(stream);
    const known =
      latest === null
        ? null
        : { incarnation: latest.incarnation, seq: latest.last_seq, atMs: latest.last_ms };
    const { incarnation, firstSeq } = judgeIncarnation(stream, known, storedAtMs);
    if (latest === null || firstSeq !== null) {
      this.#row = emptyRow(stream.name, incarnation, firstSeq ?? 1);
      return;
    }
    if (incarnation !== latest.incarnation) {
      this.#renamed.push([incarnation, stream.name, latest.incarnation]);
      latest.incarnation = incarnation;
    }
    this.#row = latest;
    this.#left = this.#left.filter((row) => row !== latest);
    this.#skipTo(stream.firstSeq - 1);
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
    if (this.#row !== null && !this.#left.includes(this.#row)) this.#left.push(this.#row);
    this.#row = null;
  }

  /** The row of a source of a log; null if the source is not known. */
  #rowOf(source: Source): PositionRow | null {
    const known = this.#sources?.get(sourceName(source));
    if (known !== undefined) return known;
    const row = this.#rowsOf.all(source.stream).find(({ incarnation }) => incarnation === source.incarnation);
    if (row !== undefined) this.#sources?.set(sourceName(source), row);
    return row ?? null;
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

  #skipTo(seq: number, as = this.#gap): void {
    const row = this.#row;
    if (row === null || seq <= row.last_seq) return;
    row[as] += seq - row.last_seq;
    if (as === 'elsewhere') {
      row.last_seq = seq;
      return;
    }
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
    elsewhere: 0,
  };
}
