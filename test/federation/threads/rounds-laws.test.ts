import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ControlCommand, StoredCommand } from '../../../src/federation/domain/cluster.ts';
import {
  keyHashOf,
  keyIdOf,
  secretOf,
  signMessage,
} from '../../../src/federation/domain/message-signature.ts';
import type { StreamFacts } from '../../../src/federation/domain/stream-facts.ts';
import {
  heartbeat,
  invoiceCreated,
  nodeJoined,
  nodeLeft,
  type Publication,
  taskCompleted,
  taskReceived,
} from '../../support/messages.ts';
import { makeFastFolder } from '../simulated-weeks/fast-folder.ts';
import { UNSTORABLE } from '../simulated-weeks/simulated-disk.ts';
import { NO_LIMITS, NOW_MS } from '../store/events.ts';
import {
  entriesOf,
  entryOf,
  type LogRound,
  roundOf,
  type Shard,
  type StreamMessage,
} from './log-of-rounds.ts';
import { type Fault, LogReplica, rowsOf } from './log-replica.ts';

const folder = makeFastFolder('rounds');
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${++files}.db`);

const CREATED = '2026-01-01T00:00:00Z';
const KEY = 'k'.repeat(43);
const KEY_HASH = keyHashOf(KEY);
/** Narrow, so that most of them decide something in a stream of thirty messages. */
const LIMITS = { ratePerMinute: 6, rateBurst: 4, globalPerSecond: 2, newNodesPerMinute: 30, maxNodes: 4 };

const nodeId = fc.constantFrom('node-a', 'node-b', 'node-c', 'node-d', 'node-e', 'node-f');
const number = fc.nat({ max: 5 });
const publication: fc.Arbitrary<Publication> = fc.oneof(
  fc.tuple(number, nodeId).map(([task, node]) => taskReceived(task, node)),
  fc.tuple(number, fc.boolean(), nodeId).map(([task, success, node]) => taskCompleted(task, success, node)),
  fc.tuple(number, nodeId).map(([invoice, node]) => invoiceCreated(invoice, node)),
  fc.tuple(nodeId, fc.constantFrom('online', 'offline')).map(([node, status]) => heartbeat(node, status)),
  nodeId.map(nodeJoined),
  nodeId.map(nodeLeft),
  fc.constantFrom(
    { subject: 'truebit.heartbeat', payload: 'rubbish' },
    { subject: 'something.else', payload: '{}' },
    heartbeat(`${UNSTORABLE}1`),
  ),
);
/** Times mostly rise; sometimes a broker's clock steps. */
const stepMs = fc.oneof(
  { weight: 20, arbitrary: fc.nat({ max: 1500 }) },
  { weight: 1, arbitrary: fc.integer({ min: -20_000, max: 400_000 }) },
);
const message = fc.record({
  publication,
  stepMs,
  /** Sequences before it that the stream no longer held. */
  lost: fc.oneof(
    { weight: 15, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  isSigned: fc.boolean(),
});

function sign({ subject, payload }: Publication): string {
  return keyIdOf(KEY_HASH) + signMessage(secretOf(KEY_HASH), subject, Buffer.from(payload));
}

const shardOf = (index: number, aheadMs: number, maxLength: number) =>
  fc.array(message, { minLength: 1, maxLength }).map((list): Shard => {
    let seq = 0;
    let atMs = NOW_MS + aheadMs;
    const messages = list.map(({ publication: { subject, payload }, ...each }): StreamMessage => {
      seq += 1 + each.lost;
      atMs += each.stepMs;
      const isSigned = each.isSigned && payload.includes('node-a');
      return { subject, payload, seq, atMs, credential: isSigned ? sign({ subject, payload }) : null };
    });
    return { source: { stream: `S${index}`, incarnation: CREATED }, lastSeq: seq, messages };
  });

/** A number that the generated list gives for each question. */
function chooser(choices: readonly number[]): (below: number) => number {
  let at = 0;
  return (below) => (choices[at++ % choices.length] ?? 0) % below;
}
const choices = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 60, maxLength: 60 });

/** A log of these shards: cut anywhere, repeated, out of order, with rounds that are missing at first. */
function logOf(shards: readonly Shard[], choose: (below: number) => number): readonly LogRound[] {
  const rests = shards.map((shard) => {
    const rounds: LogRound[] = [];
    for (let from = 0; from < shard.lastSeq; ) {
      const to = Math.min(shard.lastSeq, from + choose(6));
      rounds.push(roundOf(shard, from, to, { isAway: choose(8) === 0 }));
      from = to === from && choose(2) === 0 ? from : to;
    }
    return rounds;
  });
  const log: LogRound[] = [];
  for (let left = rests.flat().length; left > 0; left--) {
    const open = rests.filter((rounds) => rounds.length > 0);
    const next = open[choose(open.length)]?.shift();
    if (next !== undefined) log.push(next);
  }
  for (let changes = choose(5); changes > 0; changes--) {
    const from = choose(log.length);
    const [moved] = choose(2) === 0 ? log.slice(from, from + 1) : log.splice(from, 1);
    if (moved !== undefined) log.splice(choose(log.length + 1), 0, moved);
  }
  // What was missing is sent again, and more than that.
  for (const shard of shards) {
    const middle = choose(shard.lastSeq + 1);
    log.push(roundOf(shard, choose(middle + 1), middle), roundOf(shard, 0, middle));
    log.push(roundOf(shard, choose(middle + 1), shard.lastSeq));
  }
  return log;
}

const FAULTS: readonly Fault[] = ['none', 'none', 'refused', 'failed', 'killed', 'killed uncommitted'];

/**
 * Reads the log to its end, in batches with borders anywhere, with faults and restarts. With `again`, the log may lose
 * its end before a restart, and then has other rounds there; the replica may see that it went back, or may not.
 */
function readLog(
  replica: LogReplica,
  first: readonly LogRound[],
  choose: (below: number) => number,
  again: (() => readonly LogRound[]) | null = null,
): void {
  let log = first;
  for (let starts = 0; ; starts++) {
    const kept = choose(log.length + 1);
    const isChanged = starts > 0 && again !== null && choose(2) === 0;
    if (isChanged) log = [...log.slice(0, kept), ...again()];
    const position = replica.attachLog(isChanged && choose(2) === 0 ? kept : log.length);
    const begin = Math.max(1, position - choose(12));
    let entries = entriesOf(log.slice(begin - 1), begin);
    let isKilled = false;
    while (entries.length > 0 && !isKilled) {
      const count = 1 + choose(25);
      const fault = starts < 4 ? (FAULTS[choose(FAULTS.length)] ?? 'none') : 'none';
      isKilled = fault.startsWith('killed');
      replica.batch(entries.slice(0, count), fault);
      entries = entries.slice(count);
    }
    if (isKilled) continue;
    replica.settle();
    return;
  }
}

/**
 * A log that lost its end may end again exactly where the replica stands, and the replica then has nothing to read. The
 * next round of the splitter shows what is missing, and the splitter sends again what the replica asks for.
 */
function heal(replica: LogReplica, shard: Shard): void {
  const asked = replica.holes.length;
  const next = replica.position.logSeq + 1;
  replica.read([roundOf(shard, shard.lastSeq, shard.lastSeq)], next);
  const [hole] = replica.holes.slice(asked);
  if (hole !== undefined) replica.read([roundOf(shard, hole.upto, shard.lastSeq)], next + 1);
}

const command = fc.oneof<fc.Arbitrary<ControlCommand>[]>(
  fc.tuple(fc.constantFrom('forgetNode', 'blockNode', 'unblockNode'), nodeId).map(([type, node]) => ({
    type,
    nodeId: node,
  })),
  fc.constantFrom<ControlCommand>(
    {
      type: 'createKey',
      key: { keyHash: KEY_HASH, name: 'test', nodeId: 'node-a', permissions: ['publish'], ratePerMinute: 6 },
    },
    { type: 'revokeKey', keyId: keyIdOf(KEY_HASH) },
  ),
);
const commands = fc
  .array(fc.tuple(command, fc.integer({ min: -20_000, max: 30_000 })), { maxLength: 6 })
  .map((list) =>
    list
      .toSorted(([, one], [, other]) => one - other)
      .map(([each, byMs], index): StoredCommand => {
        const entry = {
          id: `c${index}`,
          previous: index === 0 ? null : `c${index - 1}`,
          by: 'r',
          command: each,
        };
        return { entry, atMs: NOW_MS + byMs };
      }),
  );

/** A shrunk example would take minutes; the seed shows the same one again. */
const RUNS = { numRuns: 20, endOnFailure: true };

describe('laws of rounds', () => {
  it('laws of rounds - whatever a log repeats, misses, loses and sends again, its rows are those of the stream', () => {
    fc.assert(
      fc.property(shardOf(0, 0, 30), choices, fc.constantFrom(NO_LIMITS, LIMITS), (shard, chosen, limits) => {
        const single = new LogReplica(newFile(), limits);
        const { stream: name } = shard.source;
        const stream: StreamFacts = { name, created: CREATED, firstSeq: 1, lastSeq: shard.lastSeq };
        single.say({ type: 'attach', stream, storedAtMs: null });
        single.batch(shard.messages.map(entryOf));
        const choose = chooser(chosen);
        const replica = new LogReplica(newFile(), limits);
        readLog(replica, logOf([shard], choose), choose, () => logOf([shard], choose));
        heal(replica, shard);
        expect(rowsOf(replica)).toEqual(rowsOf(single));
        expect(replica.position.progress).toBe(shard.lastSeq);
        single.close();
        replica.close();
      }),
      RUNS,
    );
  });

  it('laws of rounds - two replicas of one log have the same rows, whatever happened to each', () => {
    const shards = fc.tuple(shardOf(0, 0, 20), shardOf(1, 4000, 20), shardOf(2, 3_600_000, 10));
    fc.assert(
      fc.property(
        shards,
        choices,
        choices,
        commands,
        fc.constantFrom(NO_LIMITS, LIMITS),
        (list, chosen, faults, given, limits) => {
          const log = logOf(list, chooser(chosen));
          const one = new LogReplica(newFile(), limits);
          one.command(given);
          one.attachLog(log.length);
          one.read(log, 1);
          const other = new LogReplica(newFile(), limits);
          expect(other.command(given)).toEqual([]);
          readLog(other, log, chooser(faults));
          expect(rowsOf(other, true)).toEqual(rowsOf(one, true));
          expect({ ...other.position, holes: 0 }).toEqual({ ...one.position, holes: 0 });
          one.close();
          other.close();
        },
      ),
      RUNS,
    );
  });
});
