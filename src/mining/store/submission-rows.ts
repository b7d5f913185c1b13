// The best submission of every pair for every block. While the proof of the best is not known to hold, what comes after
// it is kept too, so that a false claim takes nobody's place for longer than its check.

import { type Verdict, VERDICTS } from '../domain/facts.ts';
import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { type BlockRow, type BlockRows, COUNTS } from './block-rows.ts';
import { cellId, type Changes } from './changes.ts';
import { fromStored, toStored } from './unsigned.ts';

/** Submissions of a pair for a block that are kept beside the best while its proof is not known to hold. */
export const RIVALS_MAX = 8;

const CHECKING = VERDICTS.indexOf('checking');
const FALSE = VERDICTS.indexOf('false');
/** Verdicts that a submission gets only after its check, or if none is made. */
const SOUND = new Set<number>(
  (['held', 'waiting', 'accepted', 'mismatch', 'refused', 'not_assigned'] as const).map((verdict) =>
    VERDICTS.indexOf(verdict),
  ),
);

/** A submission as it is told. */
export interface Told {
  readonly rawQuality: bigint;
  readonly pocTime: bigint;
  readonly atMs: number;
  readonly verdict: Verdict;
}

/** What became of a told verdict. */
export interface Judged {
  /** False if the submission had this verdict already, or is the same as one that counts or is being checked. */
  readonly isNew: boolean;
  /** True if its proof was being checked, or if nothing is known about that. */
  readonly wasChecking: boolean;
}

interface Candidate {
  readonly rawQuality: bigint;
  readonly pocTime: bigint;
  readonly atMs: number;
  readonly verdict: number;
  /** True if it counts: its proof holds, or the operator checks none. */
  readonly counts: boolean;
}

interface Stored {
  readonly rawQuality: bigint;
  readonly pocTime: bigint;
  readonly verdict: bigint;
  readonly afterMs: bigint;
}

const COLUMNS = 'raw_quality AS rawQuality, poc_time AS pocTime, verdict, after_ms AS afterMs';

/** The submissions of a database. */
export class SubmissionRows {
  readonly #blocks: BlockRows;
  readonly #row: Statement<[number], Stored>;
  readonly #rivals: Statement<[number], Stored>;
  readonly #put: Statement;
  readonly #putRival: Statement;
  readonly #dropRivals: Statement;

  constructor(database: Database, blocks: BlockRows) {
    this.#blocks = blocks;
    this.#row = statement<[number], Stored>(
      database,
      `SELECT ${COLUMNS} FROM submission_rows WHERE id = ?`,
    ).safeIntegers();
    this.#rivals = statement<[number], Stored>(
      database,
      `SELECT ${COLUMNS} FROM rival_rows WHERE id = ? ORDER BY raw_quality`,
    ).safeIntegers();
    this.#put = statement(
      database,
      `INSERT INTO submission_rows (id, raw_quality, poc_time, verdict, after_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET raw_quality = excluded.raw_quality, poc_time = excluded.poc_time,
           verdict = excluded.verdict, after_ms = excluded.after_ms`,
    );
    this.#putRival = statement(database, 'INSERT INTO rival_rows VALUES (?, ?, ?, ?, ?)');
    this.#dropRivals = statement(database, 'DELETE FROM rival_rows WHERE id = ?');
  }

  /** A submission came. Returns whether it is a new one. */
  submitted(block: BlockRow, pair: number, told: Told, changes: Changes): Judged {
    const candidates = this.#load(block, pair);
    const same = candidates.find(({ rawQuality }) => rawQuality === told.rawQuality);
    if (same !== undefined && (same.counts || same.verdict === CHECKING))
      return { isNew: false, wasChecking: false };
    const verdict = VERDICTS.indexOf(told.verdict);
    const added = { ...told, verdict, counts: SOUND.has(verdict) };
    this.#save(block, pair, [...candidates.filter((candidate) => candidate !== same), added], changes);
    return { isNew: true, wasChecking: false };
  }

  /** A submission that was told before has a verdict now. */
  judged(block: BlockRow, pair: number, rawQuality: bigint, verdict: Verdict, changes: Changes): Judged {
    const candidates = this.#load(block, pair);
    const code = VERDICTS.indexOf(verdict);
    const found = candidates.find((candidate) => candidate.rawQuality === rawQuality);
    if (found === undefined) return { isNew: true, wasChecking: true };
    if (found.verdict === code) return { isNew: false, wasChecking: false };
    const wasChecking = found.verdict === CHECKING;
    const counts = wasChecking ? SOUND.has(code) : found.counts && code !== FALSE;
    const others = candidates.filter((candidate) => candidate !== found);
    this.#save(block, pair, [...others, { ...found, verdict: code, counts }], changes);
    return { isNew: true, wasChecking };
  }

  #load({ number, firstMs }: BlockRow, pair: number): Candidate[] {
    const id = cellId(number, pair);
    const row = this.#row.get(id);
    if (row === undefined) return [];
    const best = candidateOf(row, firstMs);
    return best.counts ? [best] : [best, ...this.#rivals.all(id).map((rival) => candidateOf(rival, firstMs))];
  }

  #save(block: BlockRow, pair: number, candidates: readonly Candidate[], changes: Changes): void {
    const id = cellId(block.number, pair);
    const [best, ...rivals] = candidates.toSorted(compare);
    if (best === undefined) return;
    this.#put.run(id, ...columnsOf(best, block));
    // A single candidate has no rivals yet.
    if (candidates.length > 1) {
      this.#dropRivals.run(id);
      if (!best.counts)
        for (const rival of rivals.slice(0, RIVALS_MAX)) this.#putRival.run(id, ...columnsOf(rival, block));
    }
    const counted = [best, ...rivals].find(({ counts }) => counts) ?? null;
    changes.cells.set(id, {
      id,
      height: block.height,
      submittedAtMs: best.verdict === FALSE ? null : best.atMs,
      rawQuality: counted?.rawQuality ?? null,
    });
    this.#blocks.counted(block, pair, counted, changes);
  }
}

/** Those that count or are being checked come first, then those that were never checked, then false ones; each by quality. */
function compare(a: Candidate, b: Candidate): number {
  const order = rankOf(a) - rankOf(b);
  if (order !== 0) return order;
  return a.rawQuality < b.rawQuality ? -1 : 1;
}

function rankOf({ counts, verdict }: Candidate): number {
  if (counts || verdict === CHECKING) return 0;
  return verdict === FALSE ? 2 : 1;
}

function candidateOf({ rawQuality, pocTime, verdict, afterMs }: Stored, firstMs: number): Candidate {
  const code = Number(verdict);
  return {
    rawQuality: fromStored(rawQuality),
    pocTime,
    atMs: firstMs + Number(afterMs),
    verdict: code % COUNTS,
    counts: code >= COUNTS,
  };
}

function columnsOf({ rawQuality, pocTime, verdict, counts, atMs }: Candidate, { firstMs }: BlockRow) {
  return [toStored(rawQuality), pocTime, counts ? verdict + COUNTS : verdict, atMs - firstMs] as const;
}
