import { beforeEach, describe, expect, it } from 'vitest';
import type { AskQuestion, AskReply } from '../../../src/federation/cluster/ask-wire.ts';
import { ClusterTicker } from '../../../src/federation/cluster/cluster-ticker.ts';
import type { PartialStatistics } from '../../../src/federation/domain/partial.ts';
import {
  NOTHING_PUBLISHED,
  type Publication,
  type Published,
  type TickHeader,
} from '../../../src/federation/domain/published-tick.ts';
import type { TickStatistics } from '../../../src/federation/domain/statistics.ts';
import type { Skip } from '../../../src/federation/domain/tick-rules.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { countsOf, statisticsOf } from './counts.ts';

const INTERVAL_MS = 30_000;
const HOUR_MS = 3_600_000;

/** One replica: what it says now to a question, or null if it says nothing. */
type Replica = (question: AskQuestion) => Promise<AskReply | null> | AskReply | null;

class World {
  readonly time = new ManualTime();
  readonly ticker: ClusterTicker;
  isPublisher = true;
  remembered: Published = NOTHING_PUBLISHED;
  /** What the stream holds; the fence reads it when it knows nothing. */
  stream: Published = NOTHING_PUBLISHED;
  replicas: Record<string, Replica> = { a: (question) => answer('a', question, 10) };
  /** How publications end; after the last one they succeed. */
  outcomes: Publication[] = [];
  isBrokerThere = true;
  gone: ReadonlySet<string> = new Set();
  readonly sent: { header: TickHeader; tick: TickStatistics; atMs: number }[] = [];
  readonly skips: Skip[] = [];
  reads = 0;
  questions = 0;

  constructor() {
    const options = { intervalMs: INTERVAL_MS, partitions: 1, publisher: 'a', privacyMinCell: 3 };
    let known: Published | null = null;
    this.ticker = new ClusterTicker(options, {
      clock: this.time,
      timers: this.time,
      random: () => 0,
      isPublisher: () => this.isPublisher,
      ask: (_partition, heard, signal) => (question) => {
        this.questions++;
        for (const replica of Object.values(this.replicas))
          void Promise.resolve(replica(question)).then((reply) => {
            if (reply !== null && !signal.aborted) heard(reply);
          });
      },
      fence: {
        published: async () => {
          if (!this.isBrokerThere) throw new Error('timeout');
          if (known === null) this.reads++;
          return (known ??= this.stream);
        },
        forget: () => void (known = null),
        publish: async (tick, header) => {
          known = null;
          const outcome = this.outcomes.shift() ?? { type: 'published' };
          if (outcome.type !== 'published') return outcome;
          this.sent.push({ header, tick, atMs: this.time.nowMs() });
          const { t, progress, placesAtMs } = header;
          this.stream = { t, isWhole: true, progress, all: tick.periods.all, placesAtMs };
          known = this.stream;
          return outcome;
        },
      },
      gone: () => this.gone,
      remembered: () => this.remembered,
      published: () => undefined,
      skipped: (skip) => void this.skips.push(skip),
    });
  }

  /** The last multiple of the interval. */
  get due(): number {
    return Math.floor(this.time.nowMs() / INTERVAL_MS) * INTERVAL_MS;
  }

  pass(ms: number): Promise<void> {
    return this.time.advance(ms, async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    });
  }

  /** Passes until just after the next multiple, and everything that a prompt tick needs. */
  async passTick(): Promise<void> {
    await this.pass(this.due + INTERVAL_MS - this.time.nowMs());
    await this.pass(1_000);
  }
}

function answer(
  replica: string,
  question: AskQuestion,
  tasks: number,
  position: Partial<Pick<PartialStatistics, 'progress' | 'sources'>> = {},
): AskReply {
  const named = { replica, process: `${replica}-1` };
  if (question.type === 'places')
    return { ...named, type: 'places', places: { continents: [['EU', tasks]], locations: [] } };
  if (question.type !== 'partial') return { ...named, type: 'refused', reason: 'failed' };
  return { ...named, type: 'partial', partial: countsOf(tasks, question.nowMs, position) };
}

const totals = (world: World) => world.sent.map(({ tick }) => tick.periods.all.totalTasks);

let world: World;
beforeEach(() => {
  world = new World();
});

describe('cluster ticker', () => {
  it('cluster ticker - it publishes at multiples of the interval, with the progress behind the numbers', async () => {
    world.ticker.start();
    await world.pass(1_000);
    const first = world.due;
    await world.passTick();
    await world.passTick();
    expect(world.sent.map(({ header }) => header)).toEqual(
      [0, 1, 2].map((tick) => ({
        t: first + tick * INTERVAL_MS,
        progress: { 0: 10 },
        placesAtMs: first,
        publisher: 'a',
      })),
    );
    expect(world.sent.map(({ tick }) => tick.nowMs)).toEqual(world.sent.map(({ header }) => header.t));
    for (const { header, atMs } of world.sent.slice(1)) expect(atMs - header.t).toBeLessThan(500);
    expect(world.skips).toEqual([]);
    expect(world.reads).toBe(1);
    await world.ticker.stop();
    expect(world.time.timers).toBe(0);
  });

  it('cluster ticker - a process that holds no lease publishes nothing', async () => {
    world.isPublisher = false;
    world.ticker.start();
    await world.passTick();
    expect([world.sent, world.questions, world.skips]).toEqual([[], 0, []]);
    await world.ticker.stop();
  });

  it.each<[string, (due: number) => Published, number | null]>([
    ['nothing was published', () => NOTHING_PUBLISHED, 0],
    ['the last tick is older than the present multiple', (due) => published(due - INTERVAL_MS, true), 0],
    ['the last tick is incomplete', (due) => published(due, false), 0],
    ['the last tick is the present one, and whole', (due) => published(due, true), null],
    [
      'the last tick is incomplete and by a clock that is a little ahead',
      (due) => published(due + INTERVAL_MS, false),
      INTERVAL_MS,
    ],
    [
      'the last tick is whole and by a clock that is a little ahead',
      (due) => published(due + INTERVAL_MS, true),
      null,
    ],
  ])('cluster ticker - a new publisher, when %s', async (_name, before, expectedMs) => {
    world.isPublisher = false;
    world.ticker.start();
    await world.pass(7_000);
    const { due } = world;
    world.stream = before(due);
    world.isPublisher = true;
    world.ticker.becamePublisher();
    await world.pass(1_000);
    expect(world.sent.map(({ header }) => header.t)).toEqual(expectedMs === null ? [] : [due + expectedMs]);
    expect(world.skips).toEqual([]);
    await world.ticker.stop();
  });

  it('cluster ticker - of several answers it publishes the one with the greatest progress', async () => {
    world.replicas = {
      a: (question) => answer('a', question, 10),
      b: (question) => answer('b', question, 12),
      c: (question) => answer('c', question, 11),
    };
    world.ticker.start();
    await world.passTick();
    expect(new Set(totals(world))).toEqual(new Set([12]));
    await world.ticker.stop();
  });

  it('cluster ticker - it asks again until a replica is up to date, for 10 s at most', async () => {
    const watermarkMs = { of: 0 };
    const sources = () => [
      { stream: 'in', incarnation: 'a', upto: 1, watermarkMs: watermarkMs.of, isAway: false },
    ];
    world.replicas = { a: (question) => answer('a', question, 10, { sources: sources() }) };
    watermarkMs.of = world.due + INTERVAL_MS - 10_001;
    world.ticker.start();
    await world.pass(world.due + INTERVAL_MS - world.time.nowMs() + 4_000);
    world.sent.length = 0;
    watermarkMs.of++;
    await world.pass(1_500);
    expect(totals(world)).toEqual([10]);
    await world.passTick();
    await world.pass(10_000);
    expect(totals(world)).toEqual([10]);
    expect(world.skips).toEqual([
      { reason: 'behind', sentence: 'partition 0, replica a, is 40 s behind the stream in' },
    ]);
    expect(world.ticker.problem?.reason).toBe('behind');
    watermarkMs.of = world.due + INTERVAL_MS;
    await world.passTick();
    expect(totals(world)).toEqual([10, 10]);
    expect(world.ticker.problem).toBeNull();
    await world.ticker.stop();
  });

  it('cluster ticker - it waits for a replica that has what was published before', async () => {
    world.stream = { ...published(world.due - INTERVAL_MS, true), progress: { 0: 50 } };
    let tasks = 49;
    world.replicas = { a: (question) => answer('a', question, tasks) };
    world.ticker.start();
    await world.pass(3_000);
    tasks = 50;
    await world.pass(1_500);
    expect(totals(world)).toEqual([50]);
    tasks = 49;
    await world.passTick();
    await world.pass(11_000);
    expect(world.skips.map(({ reason }) => reason)).toEqual(['floor']);
    await world.ticker.stop();
  });

  it('cluster ticker - without an answer the tick is skipped, with what the replicas said', async () => {
    world.replicas = {};
    world.ticker.start();
    await world.pass(11_000);
    world.replicas = { a: () => ({ replica: 'a', process: 'p', type: 'refused', reason: 'catching_up' }) };
    await world.passTick();
    await world.pass(11_000);
    expect(world.skips).toEqual([
      { reason: 'not_all_partitions', sentence: 'no replica of partition 0 answers' },
      { reason: 'not_all_partitions', sentence: 'partition 0 gives no counts (a: catching up)' },
    ]);
    world.replicas = { a: (question) => answer('a', question, 10) };
    await world.passTick();
    expect(totals(world)).toEqual([10]);
    await world.ticker.stop();
  });

  it('cluster ticker - counts of another moment are not taken', async () => {
    world.replicas = {
      a: (question) =>
        question.type === 'partial'
          ? answer('a', { ...question, nowMs: question.nowMs - INTERVAL_MS }, 10)
          : answer('a', question, 10),
    };
    world.ticker.start();
    await world.pass(11_000);
    expect([world.sent, world.skips.map(({ reason }) => reason)]).toEqual([[], ['not_all_partitions']]);
    await world.ticker.stop();
  });

  it('cluster ticker - refused, it reads again, and leaves the tick to the other publisher', async () => {
    world.ticker.start();
    await world.pass(1_000);
    world.outcomes = [{ type: 'refused' }];
    const other = published(world.due + INTERVAL_MS, true);
    await world.pass(world.due + INTERVAL_MS - world.time.nowMs());
    world.stream = other;
    await world.pass(2_000);
    expect(world.sent).toHaveLength(1);
    expect(world.reads).toBe(2);
    expect(world.skips).toEqual([]);
    await world.ticker.stop();
  });

  it('cluster ticker - refused in a tick that the other left incomplete, it publishes all of it', async () => {
    world.ticker.start();
    await world.pass(1_000);
    world.outcomes = [{ type: 'refused' }];
    await world.pass(world.due + INTERVAL_MS - world.time.nowMs());
    world.stream = published(world.due, false);
    await world.pass(2_000);
    expect(world.sent.map(({ header }) => header.t)).toEqual([world.due - INTERVAL_MS, world.due]);
    await world.ticker.stop();
  });

  it('cluster ticker - brokers that do not answer are asked again, until the tick is too old', async () => {
    world.isBrokerThere = false;
    world.ticker.start();
    await world.pass(5_000);
    world.isBrokerThere = true;
    world.outcomes = [{ type: 'unknown', problem: 'timeout' }];
    await world.pass(2_000);
    expect(totals(world)).toEqual([10]);
    world.isBrokerThere = false;
    world.ticker.becamePublisher();
    await world.pass(11_000);
    expect(world.skips).toEqual([{ reason: 'brokers', sentence: 'timeout' }]);
    await world.ticker.stop();
  });

  it('cluster ticker - a total never falls, whatever a replica says', async () => {
    world.stream = { ...published(world.due - INTERVAL_MS, true), all: statisticsOf(11, 0).periods.all };
    world.ticker.start();
    await world.pass(1_000);
    expect(world.sent).toEqual([]);
    expect(world.skips).toMatchObject([{ reason: 'fell' }]);
    await world.ticker.stop();
  });

  it('cluster ticker - by a clock that is far behind the last tick nothing is published', async () => {
    world.stream = published(world.due + 10 * INTERVAL_MS, true);
    world.ticker.start();
    await world.pass(1_000);
    expect(world.sent).toEqual([]);
    expect(world.skips).toMatchObject([{ reason: 'clock' }]);
    await world.ticker.stop();
  });

  it('cluster ticker - when the stream was deleted, what this process remembers is the floor', async () => {
    world.remembered = { ...published(world.due - INTERVAL_MS, true), progress: { 0: 50 } };
    let tasks = 49;
    world.replicas = { a: (question) => answer('a', question, tasks) };
    world.ticker.start();
    await world.pass(3_000);
    expect(world.sent).toEqual([]);
    tasks = 50;
    await world.pass(1_500);
    expect(totals(world)).toEqual([50]);
    // Its own last tick is remembered too.
    world.stream = NOTHING_PUBLISHED;
    world.remembered = NOTHING_PUBLISHED;
    tasks = 49;
    world.ticker.becamePublisher();
    await world.passTick();
    await world.pass(11_000);
    expect(totals(world)).toEqual([50]);
    await world.ticker.stop();
  });

  it('cluster ticker - places are counted once an hour, also by a new publisher', async () => {
    const counted: number[] = [];
    world.replicas = {
      a: (question) => {
        if (question.type === 'places') counted.push(question.type.length);
        return answer('a', question, 10 + counted.length);
      },
    };
    const places = () => world.sent.at(-1)?.tick.periods['1h'].continentDistribution;
    world.ticker.start();
    await world.pass(1_000);
    expect(places()).toEqual({ EU: 11 });
    await world.pass(HOUR_MS - INTERVAL_MS);
    expect([counted.length, places()]).toEqual([1, { EU: 11 }]);
    const { stream, time } = world;
    await world.ticker.stop();
    const next = new World();
    next.time.jump(time.monotonicMs() - next.time.monotonicMs());
    next.stream = stream;
    next.replicas = world.replicas;
    next.ticker.start();
    await next.pass(1_000);
    expect([counted.length, next.sent.at(-1)?.tick.periods.all.continentDistribution ?? { EU: 11 }]).toEqual([
      1,
      { EU: 11 },
    ]);
    await next.passTick();
    expect(counted).toHaveLength(2);
    expect(next.sent.at(-1)?.tick.periods.all.continentDistribution).toEqual({ EU: 12 });
    await next.ticker.stop();
  });

  it('cluster ticker - a tick without places in time is published with those before', async () => {
    world.stream = {
      ...published(world.due - INTERVAL_MS, true),
      all: { ...statisticsOf(1, 0).periods.all, continentDistribution: { EU: 7 } },
      placesAtMs: world.due - HOUR_MS,
    };
    world.replicas = { a: (question) => (question.type === 'places' ? null : answer('a', question, 10)) };
    world.ticker.start();
    await world.pass(3_000);
    expect(world.sent.map(({ tick }) => tick.periods.all.continentDistribution)).toEqual([{ EU: 7 }]);
    expect(world.sent[0]?.header.placesAtMs).toBe(world.due - HOUR_MS);
    await world.ticker.stop();
  });

  it('cluster ticker - a slow tick is dropped when the next one is due, and none overtakes another', async () => {
    const waiting: (() => void)[] = [];
    world.replicas = {
      a: (question) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(answer('a', question, 10)));
        }),
    };
    world.ticker.start();
    await world.pass(10_500);
    expect(world.skips).toHaveLength(1);
    for (const reply of waiting.splice(0)) reply();
    await world.pass(1_000);
    expect(world.sent).toEqual([]);
    world.replicas = { a: (question) => answer('a', question, 10) };
    await world.passTick();
    expect(world.sent.map(({ header }) => header.t)).toEqual([world.due]);
    await world.ticker.stop();
  });

  it('cluster ticker - a lease that is lost before the publication ends the tick without a word', async () => {
    world.replicas = {
      a: (question) => {
        world.isPublisher = false;
        return answer('a', question, 10);
      },
    };
    world.ticker.start();
    await world.pass(11_000);
    expect([world.sent, world.skips, world.ticker.problem]).toEqual([[], [], null]);
    await world.ticker.stop();
  });
});

function published(t: number, isWhole: boolean): Published {
  return { t, isWhole, progress: { 0: 1 }, all: statisticsOf(1, t).periods.all, placesAtMs: t };
}
