// The executions about which more is expected, in memory and in the table `executions`: an execution that begins and ends
// within one transaction never reaches the disk. All inside the caller's transaction; after a rollback a new object has to
// be made.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import type { FactKey, OpenExecution } from '../domain/fact-store.ts';
import type { ExecutionMetrics } from '../domain/source-facts.ts';

/** Executions under way that are remembered; those that were heard of longest ago make room. */
export const EXECUTIONS_MAX = 10_000;

interface ExecutionRow {
  readonly key: Buffer;
  readonly received_ms: number | null;
  readonly started_ms: number | null;
  readonly metrics: string | null;
  readonly touched_ms: number;
}

interface Kept {
  readonly execution: OpenExecution;
  readonly touchedMs: number;
}

/** The executions under way. */
export class ExecutionRows {
  /** By the letters of the key, those heard of longest ago first. */
  readonly #kept = new Map<string, Kept>();
  /** Keys of those that the log has begun and not completed. */
  readonly #begun = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #max: number;
  readonly #save: Statement;
  readonly #drop: Statement<[Buffer]>;

  constructor(database: Database, max = EXECUTIONS_MAX) {
    this.#max = max;
    this.#save = statement(
      database,
      `INSERT INTO executions (key, received_ms, started_ms, metrics, touched_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET received_ms = excluded.received_ms, started_ms = excluded.started_ms,
           metrics = excluded.metrics, touched_ms = excluded.touched_ms`,
    );
    this.#drop = statement(database, 'DELETE FROM executions WHERE key = ?');
    const rows = statement<[], ExecutionRow>(database, 'SELECT * FROM executions ORDER BY touched_ms');
    for (const row of rows.all()) this.#put(lettersOf(row.key), readRow(row));
  }

  /** The execution of this key; null if nothing is expected of it. */
  get(key: FactKey): OpenExecution | null {
    return this.#kept.get(lettersOf(key))?.execution ?? null;
  }

  /** Keeps an execution, or forgets it if there is nothing to keep. */
  set(key: FactKey, execution: OpenExecution, touchedMs: number): void {
    const letters = lettersOf(key);
    const isEmpty =
      execution.receivedMs === null && execution.startedMs === null && execution.metrics === null;
    if (isEmpty && !this.#kept.has(letters)) return;
    this.#remove(letters);
    this.#changed.add(letters);
    if (isEmpty) return;
    this.#put(letters, { execution, touchedMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#max && oldest !== undefined) {
      this.#remove(oldest);
      this.#changed.add(oldest);
    }
  }

  /** Keys of those that the log began from `fromMs` to `toMs` and has not completed; at most 2. */
  begun(fromMs: number, toMs: number): readonly FactKey[] {
    const found: FactKey[] = [];
    for (const letters of this.#begun) {
      const startedMs = this.#kept.get(letters)?.execution.startedMs ?? null;
      if (startedMs === null || startedMs < fromMs || startedMs > toMs) continue;
      found.push(Buffer.from(letters, 'latin1'));
      if (found.length === 2) break;
    }
    return found;
  }

  /** Number of executions that were received at or after this time and are not completed. */
  receivedSince(fromMs: number): number {
    let count = 0;
    for (const { execution } of this.#kept.values())
      if (execution.receivedMs !== null && execution.receivedMs >= fromMs) count++;
    return count;
  }

  /** Forgets those that were heard of last before this time. */
  forgetBefore(fromMs: number): void {
    for (const [letters, { touchedMs }] of this.#kept) {
      // They are nearly in the order of this time: logs are read oldest first.
      if (touchedMs >= fromMs) return;
      this.#remove(letters);
      this.#changed.add(letters);
    }
  }

  /** Writes what changed. */
  write(): void {
    for (const letters of this.#changed) {
      const key = Buffer.from(letters, 'latin1');
      const kept = this.#kept.get(letters);
      if (kept === undefined) {
        this.#drop.run(key);
        continue;
      }
      const { receivedMs, startedMs, metrics } = kept.execution;
      const text = metrics === null ? null : JSON.stringify(metrics);
      this.#save.run(key, receivedMs, startedMs, text, kept.touchedMs);
    }
  }

  /** The transaction that held {@link write} is committed. */
  committed(): void {
    this.#changed.clear();
  }

  #put(letters: string, kept: Kept): void {
    this.#kept.set(letters, kept);
    if (kept.execution.startedMs !== null) this.#begun.add(letters);
  }

  #remove(letters: string): void {
    this.#kept.delete(letters);
    this.#begun.delete(letters);
  }
}

function readRow(row: ExecutionRow): Kept {
  return {
    execution: {
      receivedMs: row.received_ms,
      startedMs: row.started_ms,
      // Written by this file only.
      metrics: row.metrics === null ? null : (JSON.parse(row.metrics) as ExecutionMetrics),
    },
    touchedMs: row.touched_ms,
  };
}

function lettersOf(key: FactKey): string {
  return key.toString('latin1');
}
