import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NodeTransition } from '../../../src/lifecycle/node-state.ts';
import { LastSeenQueue } from '../../../src/federation/store/last-seen-queue.ts';
import { hash, joined, NO_LIMITS, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const OFFLINE_AFTER_MS = 300_000;

let folder: ReturnType<typeof testFolder>;
let files = 0;
const open = (maxNodes: number, options = {}, path = folder.path(`${files++}.db`)) =>
  new Opened(path, {
    limits: { ...NO_LIMITS, maxNodes },
    offlineAfterMs: OFFLINE_AFTER_MS,
    ...options,
  });
beforeEach(() => {
  folder = testFolder('eviction');
});
afterEach(() => folder.remove());

const at = (afterMs: number) => ({ atMs: NOW_MS + afterMs, nowMs: NOW_MS + afterMs, observedMs: 0 });
const nodesOf = (opened: Opened) => opened.column('SELECT node_id FROM nodes ORDER BY node_id');

interface Message {
  readonly type: 'message';
  readonly nodeId: string;
  readonly afterMs: number;
}
const nodeId = fc.integer({ min: 0, max: 8 }).map((number) => `node-${number}`);
// Times mostly rise, are sometimes late, and are often equal, so that the node id decides.
const gapMs = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 0, max: 120_000 }),
  fc.constantFrom(300_000, 300_001, -60_000),
);
const life = fc
  .array(
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({ type: fc.constant('message' as const), nodeId, gapMs }),
      },
      { weight: 2, arbitrary: fc.constant({ type: 'commit' as const }) },
      { weight: 1, arbitrary: fc.constant({ type: 'crash' as const }) },
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .map((list) => {
    let afterMs = 0;
    return list.map((each): Message | { readonly type: 'commit' | 'crash' } => {
      if (each.type !== 'message') return each;
      afterMs += each.gapMs;
      return { type: 'message', nodeId: each.nodeId, afterMs };
    });
  });

/** The rule as docs/federation.md#eviction says it, over all nodes. */
class Rule {
  live = new Map<string, number>();
  ever = 0;
  readonly #maxNodes: number;
  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }
  message({ nodeId: id, afterMs }: Message): 'applied' | 'rate_limited' {
    const lastMs = this.live.get(id);
    if (lastMs !== undefined) {
      this.live.set(id, Math.max(lastMs, afterMs));
      return 'applied';
    }
    if (this.live.size >= this.#maxNodes) {
      const [evicted] = [...this.live]
        .filter(([, seenMs]) => afterMs - seenMs > OFFLINE_AFTER_MS)
        .toSorted(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1));
      if (evicted === undefined) return 'rate_limited';
      this.live.delete(evicted[0]);
    }
    this.live.set(id, afterMs);
    this.ever++;
    return 'applied';
  }
}

describe('eviction', () => {
  it('eviction - the silent node with the least (last seen, node id) is evicted, whatever commits, crashes and late messages there are', () => {
    fc.assert(
      fc.property(
        life,
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(1, 2, 100),
        (list, maxNodes, generationSize) => {
          const opened = open(maxNodes, { generationSize });
          const rule = new Rule(maxNodes);
          let saved = { live: new Map(rule.live), ever: 0 };
          for (const each of list) {
            if (each.type === 'message') {
              expect(opened.writer.apply(joined(each.nodeId), at(each.afterMs))).toBe(rule.message(each));
              expect(opened.writer.totalNodes).toBe(rule.ever);
            } else if (each.type === 'commit') {
              opened.commit();
              saved = { live: new Map(rule.live), ever: rule.ever };
              expect(nodesOf(opened)).toEqual([...rule.live.keys()].toSorted());
            } else {
              opened.reopen();
              rule.live = new Map(saved.live);
              rule.ever = saved.ever;
            }
          }
          opened.commit();
          const rows = opened.all<{ node_id: string; last_ms: number }>(
            'SELECT node_id, last_ms FROM nodes ORDER BY 1',
          );
          expect(rows.map((row) => [row.node_id, row.last_ms - NOW_MS])).toEqual(
            [...rule.live].toSorted(([a], [b]) => (a < b ? -1 : 1)),
          );
          expect(opened.statistics().periods.all.totalNodes).toBe(rule.ever);
          opened.reopen();
          expect(opened.writer.totalNodes).toBe(rule.ever);
          opened.writer.close();
        },
      ),
      { numRuns: 250 },
    );
  });

  it('eviction - a node is evicted only if its silence exceeds OFFLINE_AFTER at the time of the new message', () => {
    const opened = open(1);
    opened.writer.apply(joined('node-a'), at(0));
    expect(opened.writer.apply(joined('node-b'), at(300_000))).toBe('rate_limited');
    expect(opened.writer.apply(joined('node-b'), at(300_001))).toBe('applied');
    opened.commit();
    expect(nodesOf(opened)).toEqual(['node-b']);
    opened.writer.close();
  });

  it('eviction - the commit reports the numbers of evicted nodes, once', () => {
    const opened = open(2);
    for (const id of ['node-a', 'node-b']) opened.writer.apply(joined(id), at(0));
    expect(opened.commit().report.gone).toEqual([]);
    for (const id of ['node-c', 'node-d']) opened.writer.apply(joined(id), at(400_000));
    const { signs, report } = opened.commit();
    expect(report.gone).toEqual([1, 2]);
    expect(signs.map((sign) => sign.nodeId)).toEqual(['node-c', 'node-d']);
    expect(opened.commit().report.gone).toEqual([]);
    opened.writer.close();
  });

  it('eviction - a node that is evicted and comes back in one batch is a new node with a new number and none of the old values', () => {
    const opened = open(1);
    opened.writer.apply(joined('node-a'), at(0));
    opened.commit();
    opened.writer.transition(fact('node-a'));
    opened.writer.apply(received('node-a', hash(1)), at(1000));
    opened.writer.apply(joined('node-b'), at(400_000));
    opened.writer.apply(joined('node-a'), at(800_000));
    const { signs, report } = opened.commit();
    // node-b never had a row, so no number is reported for it.
    expect(report.gone).toEqual([1]);
    expect(signs.map(({ number, nodeId: id, state }) => ({ number, id, state }))).toEqual([
      { number: 3, id: 'node-a', state: null },
    ]);
    expect(opened.all('SELECT number, node_id, first_ms, heartbeats FROM nodes')).toEqual([
      { number: 3, node_id: 'node-a', first_ms: NOW_MS + 800_000, heartbeats: 0 },
    ]);
    expect(opened.column('SELECT count(*) FROM transitions')).toEqual([0]);
    expect(opened.statistics().periods.all).toMatchObject({ totalNodes: 3, onlineNodes: 1, offlineNodes: 2 });
    opened.writer.close();
  });

  it('eviction - evicting a node deletes its transitions, and the node still counts as offline, whatever its state was', () => {
    const opened = open(1);
    opened.writer.apply(joined('node-a'), at(0));
    opened.commit();
    opened.writer.transition(fact('node-a'));
    opened.commit();
    expect(opened.statistics().periods.all).toMatchObject({ totalNodes: 1, staleNodes: 1 });
    opened.writer.apply(joined('node-b'), at(400_000));
    opened.commit();
    expect(opened.column('SELECT count(*) FROM transitions')).toEqual([0]);
    expect(opened.statistics().periods.all).toMatchObject({
      totalNodes: 2,
      onlineNodes: 1,
      staleNodes: 0,
      offlineNodes: 1,
    });
    opened.writer.close();
  });

  it('eviction - no node is evicted for a message that another limit refuses', () => {
    const opened = open(2, { limits: { ...NO_LIMITS, maxNodes: 2, globalPerSecond: 1 } });
    opened.writer.apply(joined('node-a'), at(0));
    opened.writer.apply(joined('node-b'), at(1000));
    opened.writer.apply(joined('node-b'), at(400_000));
    opened.commit();
    const before = opened.dump();
    // node-a has been silent long enough, but the limit of one message in this second is used up.
    expect(opened.writer.apply(joined('node-c'), at(400_000))).toBe('rate_limited');
    expect(opened.commit().report.gone).toEqual([]);
    expect(opened.dump()).toEqual(before);
    expect(opened.writer.apply(joined('node-c'), at(401_000))).toBe('applied');
    expect(opened.commit().report.gone).toEqual([1]);
    opened.writer.close();
  });

  it('eviction - a commit that SQLite refuses keeps the eviction for the next attempt', () => {
    const opened = open(1);
    opened.writer.apply(joined('node-a'), at(0));
    opened.commit();
    opened.writer.apply(joined('node-b'), at(400_000));
    opened.database.exec(
      `CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.nodes BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
    for (let attempt = 0; attempt < 2; attempt++) expect(() => opened.commit()).toThrow('refused');
    expect(nodesOf(opened)).toEqual(['node-a']);
    expect(opened.writer.apply(joined('node-a'), at(400_001))).toBe('rate_limited');
    opened.database.exec('DROP TRIGGER refuse');
    expect(opened.commit().report.gone).toEqual([1]);
    expect(nodesOf(opened)).toEqual(['node-b']);
    opened.writer.close();
  });

  it('eviction - after MAX_NODES was lowered, new nodes bring the number of nodes down to it', () => {
    const path = folder.path('lowered.db');
    const wide = open(10, {}, path);
    for (let node = 0; node < 10; node++) wide.writer.apply(joined(`node-${node}`), at(node));
    wide.commit();
    wide.writer.close();
    const narrow = open(4, {}, path);
    for (let node = 10; node < 20; node++)
      expect(narrow.writer.apply(joined(`node-${node}`), at(400_000))).toBe(
        node < 15 ? 'applied' : 'rate_limited',
      );
    narrow.commit();
    // Each of the first five evicted two nodes; the other nodes have not been silent long enough.
    expect(nodesOf(narrow)).toEqual([10, 11, 12, 13, 14].map((node) => `node-${node}`));
    expect(narrow.writer.totalNodes).toBe(15);
    narrow.writer.close();
  });

  it('eviction - a pruned node is removed from the queue', () => {
    const opened = open(2);
    for (const id of ['node-a', 'node-b']) opened.writer.apply(joined(id), at(id === 'node-a' ? 0 : 1000));
    opened.commit();
    opened.prune(NOW_MS + 1);
    expect(opened.writer.apply(joined('node-c'), at(400_000))).toBe('applied');
    expect(opened.writer.apply(joined('node-d'), at(400_000))).toBe('applied');
    opened.commit();
    expect(nodesOf(opened)).toEqual(['node-c', 'node-d']);
    opened.writer.close();
  });
});

describe('last-seen queue', () => {
  const operation = fc.oneof(
    fc.record({ type: fc.constantFrom('add' as const, 'hear' as const), nodeId, ms: fc.nat(50) }),
    fc.record({ type: fc.constant('remove' as const), nodeId }),
    fc.record({ type: fc.constant('ask' as const), ms: fc.nat(60) }),
  );

  it('last-seen queue - its answers equal those of a search through all nodes', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80, size: 'max' }), (operations) => {
        const queue = new LastSeenQueue();
        const all = new Map<string, number>();
        for (const each of operations) {
          switch (each.type) {
            case 'add':
              if (all.has(each.nodeId)) break;
              all.set(each.nodeId, each.ms);
              queue.add(each.nodeId, each.ms);
              break;
            case 'hear': {
              const sighting = queue.get(each.nodeId);
              if (sighting === undefined) break;
              sighting.lastMs = Math.max(sighting.lastMs, each.ms);
              all.set(each.nodeId, sighting.lastMs);
              break;
            }
            case 'remove':
              all.delete(each.nodeId);
              queue.remove(each.nodeId);
              break;
            case 'ask': {
              const [least] = [...all].toSorted(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1));
              expect(queue.leastBefore(each.ms)).toBe(
                least !== undefined && least[1] < each.ms ? least[0] : null,
              );
            }
          }
          expect(queue.size).toBe(all.size);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('last-seen queue - removing nodes from the middle keeps the order of the others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.nat(1000), leaves: fc.boolean() }), { maxLength: 60, size: 'max' }),
        (nodes) => {
          const queue = new LastSeenQueue();
          nodes.forEach(({ ms }, index) => queue.add(`node-${index}`, ms));
          nodes.forEach(({ leaves }, index) => leaves && queue.remove(`node-${index}`));
          const order: number[] = [];
          for (let id = queue.leastBefore(Infinity); id !== null; id = queue.leastBefore(Infinity)) {
            order.push(queue.get(id)?.lastMs ?? 0);
            queue.remove(id);
          }
          const expected = nodes.filter(({ leaves }) => !leaves).map(({ ms }) => ms);
          expect(order).toEqual(expected.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('last-seen queue - many outdated times are updated at once, and the order is right afterwards', () => {
    const queue = new LastSeenQueue();
    const count = 20_000;
    for (let node = 0; node < count; node++) queue.add(`node-${node}`, node);
    // The times rise in another order than that in which the nodes were added.
    for (let node = 0; node < count; node++) {
      const sighting = queue.get(`node-${node}`);
      if (sighting !== undefined) sighting.lastMs = count + ((node * 7919) % count);
    }
    const order: number[] = [];
    for (let id = queue.leastBefore(Infinity); id !== null; id = queue.leastBefore(Infinity)) {
      order.push(queue.get(id)?.lastMs ?? 0);
      queue.remove(id);
    }
    expect(order).toEqual(Array.from({ length: count }, (_, index) => count + index));
  });
});

function fact(id: string): NodeTransition {
  return { nodeId: id, atMs: NOW_MS, observedMs: 0, from: 'online', to: 'stale', cause: 'silence' };
}
