// What must be true of the simulated cluster at rest: of the rows of both replicas, of their accounts, and of everything
// that monitors heard meanwhile. Each difference is a sentence. It changes nothing, but for time that passes.

import { join } from 'node:path';
import { mergePartials } from '../../../src/federation/domain/merge.ts';
import { TickAssembly } from '../../../src/federation/domain/published-tick.ts';
import { entryOf, type Shard, roundOf } from '../threads/log-of-rounds.ts';
import { LogReplica, rowsOf } from '../threads/log-replica.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { Happened, Scenario } from './simulated-faults.ts';
import { type SimulatedReplica, TICK_MS } from './simulated-replica.ts';

/** Longest time from the end of all faults to rest, in ms: a reader waits up to 30 s between two attachings. */
const REST_MAX_MS = 150_000;
const LOOK_MS = 250;
/** Time in which at rest three ticks must come. */
const TICKS_WITHIN_MS = 4 * TICK_MS;
const BATCH = 400;

/** Waits for rest, and says what is wrong then. */
export async function differencesOf(
  cluster: SimulatedCluster,
  scenario: Scenario,
  happened: Happened,
  folder: string,
): Promise<readonly string[]> {
  const unrest = await untilRest(cluster);
  if (unrest !== null) return [unrest, ...ticksHeard(cluster, happened)];
  const [one, other] = cluster.replicas;
  if (one === undefined || other === undefined) return ['a replica is missing'];
  const found = [
    ...sameRows(one, other, scenario),
    ...[one, other].flatMap((replica) => accounts(cluster, replica, scenario)),
    ...likeOneProcess(cluster, one, scenario, folder),
    ...[...cluster.errors, ...one.errors, ...other.errors].map(
      (sentence) => `an error was told: ${sentence}`,
    ),
  ];
  const heard = cluster.stats.heard.length;
  await cluster.time.advance(TICKS_WITHIN_MS);
  return [...found, ...ticksGoOn(cluster, heard), ...ticksHeard(cluster, happened)];
}

/** Passes time until both replicas have applied everything; then null, else what is missing. */
async function untilRest(cluster: SimulatedCluster): Promise<string | null> {
  for (let waitedMs = 0; waitedMs < REST_MAX_MS; waitedMs += LOOK_MS) {
    await cluster.time.advance(LOOK_MS);
    if (cluster.replicas.length !== 2) continue;
    if (cluster.replicas.some((replica) => missing(cluster, replica) !== null)) continue;
    // A log that went back passes the old position of a replica that has not seen it.
    const [one, other] = cluster.replicas.map(({ position }) => JSON.stringify(position?.sources));
    if (one === other) return null;
  }
  const open = cluster.replicas.map((replica) => `${replica.process.name}: ${missing(cluster, replica)}`);
  return `no rest: ${open.join('; ')}`;
}

function missing({ inputs, log }: SimulatedCluster, { position }: SimulatedReplica): string | null {
  if (position === null) return 'no position';
  for (const { name, current, lastSeq } of inputs) {
    const source = position.sources.find(({ stream }) => stream === name);
    if (source === undefined) return `${name} is not known`;
    if (source.incarnation !== current.created || source.upto !== lastSeq)
      return `${name}@${source.incarnation} is applied up to ${source.upto}, and it ends at ${lastSeq} (${current.created})`;
  }
  return position.logSeq === log.lastSeq
    ? null
    : `the log is read up to ${position.logSeq} of ${log.lastSeq}`;
}

const SOURCES_LIST = 16;
const ROUND_MS_COLUMN = 3;

function sameRows(
  one: SimulatedReplica,
  other: SimulatedReplica,
  { kind, stepsClocks }: Scenario,
): readonly string[] {
  const rows = (replica: SimulatedReplica) => {
    const all = rowsOf({ own: replica }, true);
    // A round that the log lost may have been the one with the latest time.
    return kind === 'log' && stepsClocks ? without(all, SOURCES_LIST, ROUND_MS_COLUMN) : all;
  };
  const difference = firstDifference(rows(one), rows(other));
  return difference === null ? [] : [`the rows of two replicas differ: ${difference}`];
}

function firstDifference(one: unknown, other: unknown): string | null {
  const [left, right] = [one, other].map((rows) => (rows as unknown[]).map((row) => JSON.stringify(row)));
  const at = left?.findIndex((row, index) => row !== right?.[index]) ?? -1;
  if (at < 0) return null;
  const rowsAt = (rows: unknown) => ((rows as unknown[][])[at] ?? []).map((row) => JSON.stringify(row));
  const [here, there] = [rowsAt(one), rowsAt(other)];
  const row = here.findIndex((text, index) => text !== there[index]);
  return `list ${at}, row ${row}: ${here[row] ?? 'none'} and ${there[row] ?? 'none'} (${here.length} and ${there.length} rows)`;
}

interface PositionRow {
  stream: string;
  incarnation: string;
  first_seq: number;
  last_seq: number;
  lost: number;
  elsewhere: number;
  sum: number;
}

/** Every sequence of every source has exactly one outcome, and every message that a process received has one. */
function accounts(
  { inputs }: SimulatedCluster,
  { database, ledger, process }: SimulatedReplica,
  { kind }: Scenario,
): readonly string[] {
  const found: string[] = [];
  const rows = database
    .prepare<[], PositionRow>(
      `SELECT stream, incarnation, first_seq, last_seq, lost, elsewhere,
         applied + duplicate + rejected + rate_limited + quarantined + ignored AS sum FROM ingest_position`,
    )
    .all();
  for (const { stream, incarnation, first_seq, last_seq, lost, elsewhere, sum } of rows) {
    const name = `${process.name}, ${stream}@${incarnation}`;
    if (last_seq - first_seq + 1 !== sum + lost + elsewhere)
      found.push(`${name}: the account does not add up`);
    if (elsewhere !== 0) found.push(`${name}: ${elsewhere} messages belong to no partition`);
    const life = inputs
      .find((input) => input.name === stream)
      ?.incarnations.find(({ created }) => created === incarnation);
    if (life === undefined) {
      found.push(`${name}: there was no such stream`);
      continue;
    }
    if (last_seq > life.messages.length) found.push(`${name}: applied beyond its end`);
    // What a stream held unread when it was deleted is lost with it.
    const isCurrent = inputs.some(({ current }) => current === life);
    if (lost > (isCurrent ? life.removed.size : life.messages.length))
      found.push(`${name}: ${lost} lost, and ${life.removed.size} were removed`);
    if (kind === 'log' && (lost > 0 || first_seq !== 1))
      found.push(`${name}: ${lost} lost, begun at ${first_seq}`);
  }
  const { received, inFlight, outcomes } = ledger.snapshot({ lost: 0, disagreements: 0, unknownLabels: [] });
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const known = Object.values(outcomes).reduce((total, counts) => total + sum(counts), 0);
  if (sum(received) !== known + inFlight || inFlight !== 0)
    found.push(`${process.name}: ${sum(received)} received, ${known} with an outcome, ${inFlight} in flight`);
  return found;
}

/** With one stream that keeps everything: the rows of one process. With several: all rows that do not depend on the order. */
function likeOneProcess(
  { inputs, limits }: SimulatedCluster,
  replica: SimulatedReplica,
  { hasCommands, hasLimits, changesInputs }: Scenario,
  folder: string,
): readonly string[] {
  if (hasCommands || changesInputs || (hasLimits && inputs.length > 1)) return [];
  const single = new LogReplica(join(folder, `single-${replica.process.name}.db`), limits);
  const shards = inputs.map(({ name, current: { created, messages }, lastSeq }): Shard => {
    return { source: { stream: name, incarnation: created }, lastSeq, messages };
  });
  const [only] = shards;
  let difference: string | null;
  if (only !== undefined && shards.length === 1) {
    const { stream, incarnation } = only.source;
    const facts = { name: stream, created: incarnation, firstSeq: 1, lastSeq: only.lastSeq };
    single.say({ type: 'attach', stream: facts, storedAtMs: null });
    for (let at = 0; at < only.messages.length; at += BATCH)
      single.batch(only.messages.slice(at, at + BATCH).map(entryOf));
    difference = firstDifference(withoutLastMs(rowsOf({ own: replica })), withoutLastMs(rowsOf(single)));
  } else {
    single.attachLog(0);
    shards.forEach((shard, index) => {
      for (let from = 0; from < shard.lastSeq; from += BATCH)
        single.read([roundOf(shard, from, Math.min(shard.lastSeq, from + BATCH))], 1 + index * 1_000 + from);
    });
    difference = firstDifference(unorderedRows(replica), unorderedRows(single.own));
  }
  single.close();
  return difference === null ? [] : [`the rows of a replica and of one process differ: ${difference}`];
}

const NODES_LIST = 2;
const LAST_MS_COLUMN = 3;

/** Without `last_ms` of nodes: a process on its own believes no clock that is ahead of its machine (docs/time.md). */
function withoutLastMs(rows: unknown): unknown {
  return without(rows, NODES_LIST, LAST_MS_COLUMN);
}

function without(rows: unknown, number: number, column: number): unknown {
  return (rows as unknown[][][]).map((list, at) =>
    at === number ? list.map((row) => row.toSpliced(column, 1)) : list,
  );
}

const UNORDERED_ROWS = [
  'SELECT hash, first_ms, outcome, length(reporters) FROM tasks ORDER BY hash',
  'SELECT hash, first_ms, length(reporters) FROM invoices ORDER BY hash',
  'SELECT node_id, first_ms, heartbeats, total_tasks FROM nodes ORDER BY node_id',
  `SELECT stream, applied + duplicate, rejected, rate_limited, quarantined, ignored, lost, first_seq, last_seq
     FROM ingest_position ORDER BY stream`,
  // The state of a node that has just been made is that of the message which came first (dimension 9).
  'SELECT * FROM rollup_totals WHERE dimension <> 9',
];

function unorderedRows({ database }: Pick<SimulatedReplica, 'database'>): unknown {
  return UNORDERED_ROWS.map((sql) => database.prepare(sql).raw().all());
}

/** At rest every tick is published, and its totals are those of the replicas. */
function ticksGoOn({ stats, replicas, time }: SimulatedCluster, from: number): readonly string[] {
  const assembly = new TickAssembly();
  const ticks = stats.heard.slice(from).flatMap((record) => assembly.add(record) ?? []);
  const skipped = replicas.map(
    ({ process, skipped: reasons }) => `${process.name} ${reasons.slice(-3).join()}`,
  );
  if (ticks.length < 3)
    return [`${ticks.length} ticks in ${TICKS_WITHIN_MS} ms of rest (skipped: ${skipped.join('; ')})`];
  const last = ticks.at(-1)?.tick.periods.all;
  return replicas.flatMap((replica) => {
    const { all } = mergePartials([replica.partial(time.nowMs())]).periods;
    const isSame = all.totalTasks === last?.totalTasks && all.totalInvoices === last.totalInvoices;
    return isSame && all.totalNodes === last.totalNodes
      ? []
      : [`${replica.process.name} has ${all.totalTasks} tasks, and ${last?.totalTasks} were published`];
  });
}

const TOTALS = ['totalNodes', 'totalTasks', 'totalInvoices'] as const;

/** Of all that was heard, nothing is older than what was heard before it, and no total fell. */
function ticksHeard({ stats: { heard } }: SimulatedCluster, { isStatsLost }: Happened): readonly string[] {
  const found: string[] = [];
  let latestMs = 0;
  const highest = { totalNodes: 0, totalTasks: 0, totalInvoices: 0 };
  const publishers = new Map<number, string>();
  const assembly = new TickAssembly();
  for (const record of heard) {
    const { header, data, period } = record;
    if (header.t < latestMs) found.push(`a tick of ${latestMs} was heard before one of ${header.t}`);
    latestMs = Math.max(latestMs, header.t);
    if (period === 'all')
      for (const name of TOTALS) {
        if (data[name] < highest[name]) found.push(`${name} fell from ${highest[name]} to ${data[name]}`);
        highest[name] = Math.max(highest[name], data[name]);
      }
    const whole = assembly.add(record);
    if (whole === null) continue;
    const before = publishers.get(whole.header.t);
    if (before !== undefined && before !== whole.header.publisher && !isStatsLost)
      found.push(`two publishers, ${before} and ${whole.header.publisher}, of the tick ${whole.header.t}`);
    publishers.set(whole.header.t, whole.header.publisher);
  }
  return found;
}
