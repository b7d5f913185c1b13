import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from '../../../src/federation/domain/signal.ts';
import type { WriterOptions } from '../../../src/federation/store/writer.ts';
import { completed, DAY_MS, hash, invoiced, joined, NO_LIMITS, NOW_MS, received } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const OFFLINE_AFTER_MS = 300_000;
const LEFT = (nodeId: string): Signal => ({ type: 'node_left', nodeId });

let folder: ReturnType<typeof testFolder>;
let files = 0;
beforeEach(() => {
  folder = testFolder('clock-steps');
});
afterEach(() => folder.remove());

/** A life on plain NATS: true time passes, and the wall clock, by which events are dated, is wrong by `errorMs`. */
class Life {
  readonly opened: Opened;
  trueMs = NOW_MS;
  errorMs = 0;
  constructor(options: Partial<WriterOptions> = {}) {
    this.opened = new Opened(folder.path(`${files++}.db`), {
      limits: NO_LIMITS,
      offlineAfterMs: OFFLINE_AFTER_MS,
      ...options,
    });
  }
  get moment() {
    const atMs = this.trueMs + this.errorMs;
    return { atMs, nowMs: atMs, observedMs: this.trueMs - NOW_MS };
  }
  say(signal: Signal) {
    return this.opened.writer.applyNext(signal, this.moment);
  }
  /** The same life, whose wall clock is set forward or back by `byMs` now. */
  step(byMs: number): void {
    this.errorMs += byMs;
  }
  nodes<Row = Record<string, unknown>>(columns: string): Row[] {
    this.opened.commit();
    return this.opened.all<Row>(`SELECT ${columns} FROM nodes ORDER BY node_id`);
  }
}

const STEPS = [
  ['1 s back', -SECOND_MS],
  ['30 min back', -HOUR_MS / 2],
  ['an hour back', -HOUR_MS],
  ['90 days back', -90 * DAY_MS],
  ['1 s forward', SECOND_MS],
  ['an hour forward', HOUR_MS],
  ['90 days forward', 90 * DAY_MS],
] as const;
const THERE_AND_BACK = STEPS.flatMap(([name, byMs]) => [
  { name, steps: [byMs] },
  { name: `${name} and back again`, steps: [byMs, -byMs] },
]);

describe('a wall clock that is set', () => {
  it.each(THERE_AND_BACK)(
    'limits - a node that uses its whole rate is never limited, whatever step the wall clock takes: $name',
    ({ steps }) => {
      const life = new Life({ limits: { ...NO_LIMITS, ratePerMinute: 60, rateBurst: 120 } });
      const outcomes = new Set<string>();
      const use = (count: number) => {
        for (let beat = 0; beat < count; beat++, life.trueMs += SECOND_MS)
          outcomes.add(life.say(joined('node-a')));
      };
      for (let burst = 0; burst < 119; burst++) outcomes.add(life.say(joined('node-a')));
      use(200);
      for (const byMs of steps) {
        life.step(byMs);
        // After a step whose size is known exactly, the next message finds the rate unchanged.
        use(1);
        life.opened.commit();
        life.opened.reopen();
        use(200);
      }
      expect([...outcomes]).toEqual(['applied']);
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'limits - a node gets at most one extra burst, whatever step the wall clock takes: $name',
    ({ steps }) => {
      const life = new Life({ limits: { ...NO_LIMITS, ratePerMinute: 60, rateBurst: 120 } });
      const burst = () => Array.from({ length: 500 }, () => life.say(joined('node-a')));
      const admitted = () => burst().filter((outcome) => outcome === 'applied').length;
      expect(admitted()).toBe(120);
      for (const byMs of steps) {
        life.step(byMs);
        expect(admitted()).toBeLessThanOrEqual(byMs > 0 ? 120 : 1);
      }
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'limits - the limits of new nodes and of all nodes together refuse no message within them, whatever step the wall clock takes: $name',
    ({ steps }) => {
      const life = new Life({ limits: { ...NO_LIMITS, globalPerSecond: 1, newNodesPerMinute: 60 } });
      const outcomes = new Set<string>();
      let node = 0;
      const come = () => {
        for (let count = 0; count < 100; count++, life.trueMs += SECOND_MS)
          outcomes.add(life.say(joined(`node-${node++}`)));
      };
      come();
      for (const byMs of steps) {
        life.step(byMs);
        come();
      }
      expect([...outcomes]).toEqual(['applied']);
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'nodes - a step of the wall clock keeps no node offline, and revives no node: $name',
    ({ steps }) => {
      const life = new Life();
      const stateOf = (nodeId: string) =>
        life
          .nodes<{ node_id: string; hasLeft: number }>(
            'node_id, left_ms >= life_ms AND left_ms > 0 AS hasLeft',
          )
          .find((row) => row.node_id === nodeId)?.hasLeft;
      life.say(joined('node-a'));
      for (const byMs of [0, ...steps]) {
        life.step(byMs);
        life.trueMs += 20;
        life.say(LEFT('node-a'));
        expect(stateOf('node-a')).toBe(1);
        life.step(-byMs);
        life.trueMs += 20;
        life.say(joined('node-a'));
        expect(stateOf('node-a')).toBe(0);
        life.step(byMs);
        life.trueMs += 20;
        life.say(LEFT('node-a'));
        expect(stateOf('node-a')).toBe(1);
        life.opened.reopen();
      }
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'nodes - a row shows the values of the newest message, not of the one with the latest time: $name',
    ({ steps }) => {
      const life = new Life();
      let said = 0;
      for (const byMs of [0, ...steps]) {
        life.step(byMs);
        life.trueMs += SECOND_MS;
        const totalTasks = ++said;
        life.say({
          type: 'heartbeat',
          nodeId: 'node-a',
          alive: true,
          totalTasks,
          activeTasks: 1,
          continent: 1,
          location: null,
        });
        expect(life.nodes('total_tasks')).toEqual([{ total_tasks: totalTasks }]);
      }
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'nodes - the last sighting of a node is the time of the clock as now set: $name',
    ({ steps }) => {
      const life = new Life({ retentionMs: 30 * DAY_MS });
      for (const byMs of [0, ...steps]) {
        life.step(byMs);
        for (let beat = 0; beat < 3; beat++) {
          life.trueMs += 30_000;
          life.opened.writer.housekeep(life.moment.nowMs, life.trueMs - NOW_MS);
          life.say(joined('node-a'));
          expect(life.nodes('last_ms')).toEqual([{ last_ms: life.moment.atMs }]);
        }
        life.opened.reopen();
      }
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'tasks - a step of the wall clock makes no repeated report count twice: $name',
    ({ steps }) => {
      const life = new Life();
      const say = () => [
        life.say(received('node-a', hash(1))),
        life.say(completed('node-a', hash(1))),
        life.say(invoiced('node-a', hash(2))),
      ];
      expect(say()).toEqual(['applied', 'applied', 'applied']);
      for (const byMs of steps) {
        life.step(byMs);
        life.trueMs += SECOND_MS;
        expect(say()).toEqual(['duplicate', 'duplicate', 'duplicate']);
        life.opened.commit();
        life.opened.reopen();
        expect(say()).toEqual(['duplicate', 'duplicate', 'duplicate']);
      }
      life.opened.commit();
      expect(life.opened.statistics().periods.all).toMatchObject({ totalTasks: 1, totalInvoices: 1 });
      life.opened.writer.close();
    },
  );

  it.each(THERE_AND_BACK)(
    'eviction - a step of the wall clock evicts no node that still sends, and new nodes are admitted: $name',
    ({ steps }) => {
      const life = new Life({ limits: { ...NO_LIMITS, maxNodes: 3 } });
      const there = ['node-a', 'node-b'];
      const beat = () => there.map((nodeId) => life.say(joined(nodeId)));
      beat();
      let stranger = 0;
      for (const byMs of [0, ...steps]) {
        // A third node comes, and falls silent without a leave.
        expect(life.say(joined(`stranger-${++stranger}`))).toBe('applied');
        life.step(byMs);
        // The next node is refused while the third may come back, and is admitted afterwards.
        expect(life.say(joined(`stranger-${stranger + 1}`))).toBe('rate_limited');
        for (let beats = 0; beats < 11; beats++, life.trueMs += 30_000) beat();
        life.opened.commit();
        life.opened.reopen();
      }
      expect(life.say(joined('stranger-last'))).toBe('applied');
      expect(life.nodes('node_id')).toEqual([...there, 'stranger-last'].map((node_id) => ({ node_id })));
      life.opened.writer.close();
    },
  );

  it('limits - schedules that an earlier version stored while the clock was ahead limit no node', () => {
    const life = new Life({ limits: { ...NO_LIMITS, ratePerMinute: 1, rateBurst: 1, newNodesPerMinute: 1 } });
    life.step(HOUR_MS);
    life.say(LEFT('node-a'));
    life.opened.commit();
    // As that version wrote them: without an event clock.
    life.opened.database.exec("DELETE FROM settings_kept WHERE name = 'event_clock'");
    life.opened.reopen();
    life.step(-HOUR_MS);
    life.trueMs += 61_000;
    expect(life.say(joined('node-a'))).toBe('applied');
    life.trueMs += 61_000;
    expect(life.say(joined('node-b'))).toBe('applied');
    expect(life.nodes('left_ms >= life_ms AS hasLeft')).toEqual([{ hasLeft: 0 }, { hasLeft: 0 }]);
    life.opened.writer.close();
  });
});

/** A life in a stream: the broker's clock is wrong by `errorMs`, and nodes beat every 30 s. */
class StreamLife extends Life {
  constructor(options: Partial<WriterOptions>) {
    super(options);
    this.#attach();
  }
  #attach(): void {
    this.opened.writer.position.attach({ name: 'steps', created: 'once', firstSeq: 1, lastSeq: 0 }, null);
  }
  restart(): void {
    this.opened.commit();
    this.opened.reopen();
    this.#attach();
  }
  override get moment() {
    // Read at once, late or again: results from a stream do not depend on the time of reading.
    return { ...super.moment, nowMs: NOW_MS, observedMs: 0 };
  }
  /** Each node beats for this time, the nodes spread over 30 s; returns the outcome of each beat. */
  beat(nodeIds: readonly string[], forMs: number): Set<string> {
    const outcomes = new Set<string>();
    const untilMs = this.trueMs + forMs;
    for (let beat = 0; this.trueMs < untilMs; beat++, this.trueMs += 30_000 / nodeIds.length)
      outcomes.add(this.say(joined(nodeIds[beat % nodeIds.length] ?? '')));
    return outcomes;
  }
}

describe("a broker's clock that is set", () => {
  const there = Array.from({ length: 20 }, (_, node) => `node-${node}`);
  const FORWARD = [
    ['2 min', 2 * MINUTE_MS],
    ['4 min', 4 * MINUTE_MS],
    ['6 min', 6 * MINUTE_MS],
    ['an hour', HOUR_MS],
    ['90 days', 90 * DAY_MS],
    ['400 days', 400 * DAY_MS],
  ] as const;
  const open = () => {
    const life = new StreamLife({ limits: { ...NO_LIMITS, maxNodes: there.length } });
    life.beat(there, 2 * MINUTE_MS);
    return life;
  };

  it.each([
    ...FORWARD.map(([name, byMs]) => ({ name: `${name} forward`, steps: [byMs] })),
    ...FORWARD.map(([name, byMs]) => ({ name: `${name} forward and back`, steps: [byMs, -byMs] })),
    { name: 'all of them in turn', steps: FORWARD.map(([, byMs]) => byMs) },
  ])(
    'eviction - a step of the clock of the broker evicts no node that still beats at MAX_NODES: $name',
    ({ steps }) => {
      const life = open();
      for (const byMs of steps) {
        life.step(byMs);
        expect(life.say(joined('stranger'))).toBe('rate_limited');
        life.restart();
        expect([...life.beat(there, 2 * MINUTE_MS)]).toEqual(['applied']);
      }
      expect(life.opened.writer.totalNodes).toBe(there.length);
      life.opened.writer.close();
    },
  );

  it('nodes - a last sighting in the future is set back once the clock of the broker is right, a clock that is behind sets none back', () => {
    const life = new StreamLife({ retentionMs: 30 * DAY_MS });
    const beatAt = (byMs: number) => {
      life.step(byMs);
      life.trueMs += 30_000;
      life.opened.writer.housekeep(life.trueMs, life.trueMs - NOW_MS);
      life.say(joined('node-a'));
      return life.nodes<{ last_ms: number }>('last_ms')[0]?.last_ms;
    };
    beatAt(0);
    expect(beatAt(400 * DAY_MS)).toBe(life.trueMs + 400 * DAY_MS);
    expect(beatAt(-400 * DAY_MS)).toBe(life.trueMs);
    const rightMs = life.trueMs;
    // With this time the row would be 90 days old, and be deleted.
    expect(beatAt(-90 * DAY_MS)).toBe(rightMs);
    expect(life.opened.prune(life.opened.writer.deletionMs - 30 * DAY_MS)).toBe(0);
    life.opened.writer.close();
  });

  it('eviction - three steps of the clock of the broker between two beats evict no node', () => {
    const life = open();
    for (let step = 0; step < 3; step++) {
      life.step(step % 2 === 0 ? HOUR_MS : DAY_MS);
      expect(life.say(joined('stranger'))).toBe('rate_limited');
    }
    expect([...life.beat(there, 2 * MINUTE_MS)]).toEqual(['applied']);
    expect(life.opened.writer.totalNodes).toBe(there.length);
    life.opened.writer.close();
  });

  it.each([0, 400 * DAY_MS])(
    'eviction - a new node still gets the place of a node that left, with the clock %i ms ahead',
    (byMs) => {
      const life = open();
      life.step(byMs);
      expect([...life.beat(there.slice(0, 1), OFFLINE_AFTER_MS)]).toEqual(['applied']);
      life.restart();
      life.trueMs += MINUTE_MS;
      expect(life.say(joined('stranger'))).toBe('applied');
      expect(life.nodes<{ node_id: string }>('node_id').map((row) => row.node_id)).toContain('node-0');
      life.opened.writer.close();
    },
  );

  it('eviction - after silence of all nodes a place is free within OFFLINE_AFTER of the first beat', () => {
    const life = open();
    life.trueMs += HOUR_MS;
    const outcomes: string[] = [];
    for (let beats = 0; beats < 10; beats++, life.trueMs += 30_000)
      outcomes.push(life.say(joined('stranger')));
    expect(outcomes[0]).toBe('rate_limited');
    expect(outcomes.at(-1)).toBe('applied');
    life.opened.writer.close();
  });
});
