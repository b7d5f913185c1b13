// The rows of blocks, each known by a number that is never used again, with the best submission of each that counts.

import type { Database, Statement } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { cellId, type Changes, pairOf } from './changes.ts';
import { fromStored, toStored } from './unsigned.ts';

/** Blocks that stay in memory; submissions for older ones read their block from the file. */
export const BLOCKS_IN_MEMORY_MAX = 64;
/** Added to the code of a verdict in the file if the submission counts. */
export const COUNTS = 16;

/** A block as the writer knows it. */
export interface BlockRow {
  readonly number: number;
  readonly blockHash: string;
  readonly height: bigint;
  readonly firstMs: number;
  best: { readonly rawQuality: bigint; readonly pocTime: bigint; readonly pair: number } | null;
}

/** What is known about a block when it is first told. */
export interface BlockFacts {
  readonly blockHash: string;
  readonly height: bigint;
  readonly baseTarget: bigint | null;
  readonly upstream: string | null;
  readonly atMs: number;
}

interface Stored {
  readonly number: bigint;
  readonly blockHash: string;
  readonly height: bigint;
  readonly firstMs: bigint;
  readonly bestRawQuality: bigint | null;
  readonly bestPocTime: bigint | null;
  readonly bestPair: bigint | null;
}

const COLUMNS = `number, block_hash AS blockHash, height, first_ms AS firstMs, best_raw_quality AS bestRawQuality,
  best_poc_time AS bestPocTime, best_pair AS bestPair`;

/** The blocks of a database. */
export class BlockRows {
  readonly #byKey = new Map<string, BlockRow>();
  readonly #find: Statement<[string, bigint], Stored>;
  readonly #findHash: Statement<[string], Stored>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #leastOf: Statement<[number, number], { id: bigint; rawQuality: bigint; pocTime: bigint }>;

  constructor(database: Database) {
    this.#find = statement<[string, bigint], Stored>(
      database,
      `SELECT ${COLUMNS} FROM blocks WHERE block_hash = ? AND height = ?`,
    ).safeIntegers();
    this.#findHash = statement<[string], Stored>(
      database,
      `SELECT ${COLUMNS} FROM blocks WHERE block_hash = ? ORDER BY number DESC LIMIT 1`,
    ).safeIntegers();
    this.#insert = statement(
      database,
      'INSERT INTO blocks (block_hash, height, base_target, upstream, first_ms) VALUES (?, ?, ?, ?, ?)',
    );
    this.#update = statement(
      database,
      'UPDATE blocks SET best_raw_quality = ?, best_poc_time = ?, best_pair = ? WHERE number = ?',
    );
    this.#leastOf = statement<[number, number], { id: bigint; rawQuality: bigint; pocTime: bigint }>(
      database,
      `SELECT id, raw_quality AS rawQuality, poc_time AS pocTime FROM submission_rows
         WHERE id BETWEEN ? AND ? AND verdict >= ${COUNTS} ORDER BY raw_quality, id LIMIT 1`,
    ).safeIntegers();
  }

  /** The block with this hash and height; made if it is new. */
  told({ blockHash, height, baseTarget, upstream, atMs }: BlockFacts): BlockRow {
    const key = `${height}:${blockHash}`;
    const known = this.#byKey.get(key) ?? rowOf(this.#find.get(blockHash, toStored(height)));
    if (known !== null) return this.#keep(key, known);
    const base = baseTarget === null ? null : toStored(baseTarget);
    const { lastInsertRowid } = this.#insert.run(blockHash, toStored(height), base, upstream, atMs);
    return this.#keep(key, { number: Number(lastInsertRowid), blockHash, height, firstMs: atMs, best: null });
  }

  /** The newest block with this hash; null if there is none. */
  withHash(blockHash: string): BlockRow | null {
    let newest: BlockRow | null = null;
    for (const row of this.#byKey.values())
      if (row.blockHash === blockHash && row.number > (newest?.number ?? 0)) newest = row;
    return newest ?? rowOf(this.#findHash.get(blockHash));
  }

  /** A submission of the pair counts for the block with this raw quality now; null: none of the pair does. */
  counted(
    block: BlockRow,
    pair: number,
    candidate: { readonly rawQuality: bigint; readonly pocTime: bigint } | null,
    changes: Changes,
  ): void {
    const { best } = block;
    if (candidate !== null && (best === null || candidate.rawQuality < best.rawQuality)) {
      this.#setBest(block, { rawQuality: candidate.rawQuality, pocTime: candidate.pocTime, pair }, changes);
    } else if (best?.pair === pair && candidate?.rawQuality !== best.rawQuality) {
      // The best was taken back, which is rare: a proof is checked before it counts.
      this.#setBest(block, this.#leastIn(block), changes);
    }
  }

  #leastIn({ number }: BlockRow): BlockRow['best'] {
    const least = this.#leastOf.get(cellId(number, 0), cellId(number + 1, 0) - 1);
    if (least === undefined) return null;
    const { id, rawQuality, pocTime } = least;
    return { rawQuality: fromStored(rawQuality), pocTime, pair: pairOf(Number(id)) };
  }

  #setBest(block: BlockRow, best: BlockRow['best'], changes: Changes): void {
    block.best = best;
    const raw = best === null ? null : toStored(best.rawQuality);
    this.#update.run(raw, best?.pocTime ?? null, best?.pair ?? null, block.number);
    const { number, blockHash, height } = block;
    changes.bests.set(number, { block: number, blockHash, height, best });
  }

  #keep(key: string, row: BlockRow): BlockRow {
    this.#byKey.set(key, row);
    if (this.#byKey.size > BLOCKS_IN_MEMORY_MAX) {
      const [oldest] = this.#byKey.keys();
      if (oldest !== undefined) this.#byKey.delete(oldest);
    }
    return row;
  }
}

function rowOf(stored: Stored | undefined): BlockRow | null {
  if (stored === undefined) return null;
  const { number, blockHash, height, firstMs, bestRawQuality, bestPocTime, bestPair } = stored;
  const best =
    bestRawQuality === null || bestPair === null
      ? null
      : { rawQuality: fromStored(bestRawQuality), pocTime: bestPocTime ?? 0n, pair: Number(bestPair) };
  return { number: Number(number), blockHash, height: fromStored(height), firstMs: Number(firstMs), best };
}
