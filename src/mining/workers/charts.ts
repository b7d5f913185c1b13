// Reads the charts: the best of every block, the capacity over time, and the verdicts of every miner. A long span shows
// one point for several blocks or samples.

import type { CapacityHistory, Gap, MinerVerdicts, Rounds, SpanQuery } from '../domain/dashboard.ts';
import { type Verdict, VERDICTS } from '../domain/facts.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { statement } from '../../store/statements.ts';
import { cellId } from '../store/changes.ts';
import { HOUR_MS, SAMPLE_MS } from '../store/outcome-rows.ts';
import { fromStored } from '../store/unsigned.ts';

/** Two samples further apart than this have a gap between them. */
const GAP_MS = 2.5 * SAMPLE_MS;

interface Block {
  readonly number: bigint;
  readonly firstMs: bigint;
  readonly height: bigint;
  readonly pocTime: bigint | null;
}

interface Sample {
  readonly atMs: number;
  readonly capacityTib: number;
}

/** The best of every block that was first seen in the span; of several blocks in one point the best one of them. */
export function readRounds(database: ReadDatabase, query: SpanQuery): Rounds {
  return database.transaction(() => {
    const blocks = statement<[number, number], Block>(
      database,
      `SELECT number, first_ms AS firstMs, height, nullif(best_poc_time, -1) AS pocTime FROM blocks
         WHERE first_ms >= ? AND first_ms < ? ORDER BY first_ms, number`,
    )
      .safeIntegers()
      .all(query.fromMs, query.toMs);
    const count = statement<[number, number], number>(
      database,
      'SELECT count(*) FROM submission_rows WHERE id BETWEEN ? AND ?',
    ).pluck();
    const points = grouped(blocks, query.points).map((group) => bestOf(group));
    const times = points.map(({ firstMs }) => Number(firstMs));
    return {
      at: times.map(timeText),
      heights: points.map(({ height }) => String(fromStored(height))),
      bestPocTimes: points.map(({ pocTime }) => (pocTime === null ? null : Number(pocTime))),
      submissions: points.map(({ number }) =>
        Number(count.get(cellId(Number(number), 0), cellId(Number(number) + 1, 0) - 1)),
      ),
      gaps: gapsBetween(times, samplesIn(database, query)),
    };
  })();
}

/** The capacity over time; of several samples in one point the newest. */
export function readCapacity(database: ReadDatabase, query: SpanQuery): CapacityHistory {
  return database.transaction(() => {
    const samples = samplesIn(database, query);
    const points = grouped(samples, query.points).map((group) => group.at(-1) as Sample);
    return {
      at: points.map(({ atMs }) => timeText(atMs)),
      capacityTib: points.map(({ capacityTib }) => capacityTib),
      gaps: gapsBetween(
        points.map(({ atMs }) => atMs),
        samples,
      ),
    };
  })();
}

/** What became of the submissions of every miner in the whole hours of a span; those with most outcomes first. */
export function readVerdicts(
  database: ReadDatabase,
  fromMs: number,
  toMs: number,
  limit: number,
): MinerVerdicts[] {
  return database.transaction(() => {
    const hours = [Math.floor(fromMs / HOUR_MS), Math.ceil(toMs / HOUR_MS)] as const;
    const miners = statement<
      [number, number, number],
      { pair: number; machineId: string; accountId: string }
    >(
      database,
      `SELECT o.pair AS pair, m.machine_id AS machineId, a.account_id AS accountId FROM (
           SELECT pair, sum(count) AS total FROM outcome_hours WHERE hour >= ? AND hour < ? GROUP BY pair
           ORDER BY total DESC, pair LIMIT ?) o
         JOIN pairs p ON p.number = o.pair JOIN machines m ON m.number = p.machine
         JOIN accounts a ON a.number = p.account ORDER BY o.total DESC, o.pair`,
    ).all(...hours, limit);
    const counts = new Map(miners.map(({ pair }) => [pair, new Map<Verdict, number>()]));
    const rows = statement<[number, number], { pair: number; outcome: number; total: number }>(
      database,
      `SELECT pair, outcome, sum(count) AS total FROM outcome_hours WHERE hour >= ? AND hour < ?
         GROUP BY pair, outcome`,
    ).all(...hours);
    for (const { pair, outcome, total } of rows) {
      const verdict = VERDICTS[outcome];
      if (verdict !== undefined) counts.get(pair)?.set(verdict, total);
    }
    return miners.map(({ pair, machineId, accountId }) => ({
      machineId,
      accountId,
      counts: Object.fromEntries(counts.get(pair) ?? []),
    }));
  })();
}

function samplesIn(database: ReadDatabase, { fromMs, toMs }: SpanQuery): Sample[] {
  return statement<[number, number], Sample>(
    database,
    `SELECT at_ms AS atMs, capacity_tib AS capacityTib FROM capacity_samples
       WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms`,
  ).all(fromMs, toMs);
}

/** At most `points` groups of neighbours. */
function grouped<T>(items: readonly T[], points: number): T[][] {
  const size = Math.max(1, Math.ceil(items.length / Math.max(1, points)));
  const groups: T[][] = [];
  for (let start = 0; start < items.length; start += size) groups.push(items.slice(start, start + size));
  return groups;
}

function bestOf(blocks: readonly Block[]): Block {
  return blocks.reduce((best, block) =>
    block.pocTime !== null && (best.pocTime === null || block.pocTime < best.pocTime) ? block : best,
  );
}

/** The spans between neighbouring points in which the program took no sample for long. */
function gapsBetween(times: readonly number[], samples: readonly Sample[]): Gap[] {
  const gaps: Gap[] = [];
  let next = 1;
  for (let point = 1; point < times.length; point++) {
    const [from = 0, to = 0] = [times[point - 1], times[point]];
    let hasGap = false;
    for (; next < samples.length; next++) {
      const [before, after] = [samples[next - 1]?.atMs ?? 0, samples[next]?.atMs ?? 0];
      if (before >= to) break;
      if (after - before > GAP_MS && after > from) hasGap = true;
      // A gap that reaches over this point belongs to the next one too.
      if (after > to) break;
    }
    if (hasGap) gaps.push({ from: timeText(from), to: timeText(to) });
  }
  return gaps;
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
