// Whatever the order in which sources show facts, however often they show them again, and wherever the process dies: each
// fact becomes one message, and metrics never belong to another execution.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { idHash } from '../../../src/agent/domain/id-hash.ts';
import type { SourceFact } from '../../../src/agent/domain/source-facts.ts';
import type { AgentState } from '../../../src/agent/store/open-state.ts';
import { unreachable } from '../../../src/lib/unreachable.ts';
import { ManualTime } from '../../support/manual-time.ts';
import { completedFact, invoiceFact, metricsFact, receivedFact, startedFact } from '../support/facts.ts';
import { PlainSource } from '../support/plain-source.ts';
import { dataOf, Reading, SALT } from '../support/reading.ts';

const EXECUTIONS = 6;
/** An execution time for each execution, in ranges of their own. */
const ELAPSED_MS = [50, 200, 700, 3_000, 7_000, 20_000] as const;
const BUCKETS = ['<100ms', '100-500ms', '500ms-1s', '1-5s', '5-10s', '10-30s'] as const;
const START_MS = new ManualTime().nowMs() - 60_000;

interface Logged {
  readonly hasReceived: boolean;
  readonly isNamed: boolean;
  readonly hasMetrics: boolean;
  readonly hasCompleted: boolean;
}

const logged: fc.Arbitrary<Logged> = fc.record({
  hasReceived: fc.boolean(),
  isNamed: fc.boolean(),
  hasMetrics: fc.boolean(),
  hasCompleted: fc.boolean(),
});

function entriesOf(id: number, { hasReceived, isNamed, hasMetrics, hasCompleted }: Logged) {
  const name = `execution ${id}`;
  const metrics = { elapsedMs: ELAPSED_MS[id] ?? 0, exitCode: id % 2 };
  return [
    ...(hasReceived ? [(atMs: number) => receivedFact(name, atMs)] : []),
    (atMs: number) => startedFact(name, atMs),
    ...(hasMetrics ? [(atMs: number) => metricsFact(isNamed ? name : null, atMs, metrics)] : []),
    ...(hasCompleted ? [(atMs: number) => completedFact(name, atMs)] : []),
  ];
}

/** A log in which the entries of each execution keep their order, and those of several mix. */
const log: fc.Arbitrary<SourceFact[]> = fc
  .tuple(
    fc.array(logged, { maxLength: EXECUTIONS }),
    fc.array(fc.nat(EXECUTIONS - 1), { minLength: 30, maxLength: 30 }),
  )
  .map(([all, turns]) => {
    const left = all.map((one, id) => entriesOf(id, one));
    const facts: SourceFact[] = [];
    for (const turn of [...turns, ...turns.flatMap(() => [...all.keys()])]) {
      const entry = left[turn]?.shift();
      if (entry !== undefined) facts.push(entry(START_MS + 1_000 * facts.length));
    }
    return facts;
  });

const id = fc.nat(EXECUTIONS - 1).map((number) => `execution ${number}`);
const time = fc.option(fc.integer({ min: START_MS, max: START_MS + 50_000 }));
const events: fc.Arbitrary<SourceFact[]> = fc.array(
  fc.oneof(
    fc.tuple(id, time).map(([name, atMs]) => receivedFact(name, atMs)),
    fc.tuple(id, time).map(([name, atMs]) => completedFact(name, atMs)),
    fc
      .tuple(fc.nat(3), fc.option(id), time)
      .map(([n, name, atMs]) => invoiceFact(`invoice ${n}`, name, atMs)),
  ),
  { maxLength: 20 },
);

const DEEDS = [
  'grow',
  'second',
  'wait',
  'drain',
  'take',
  'rescan',
  'kill',
  'restart',
  'full',
  'free',
] as const;
const deeds = fc.array(fc.constantFrom(...DEEDS), { maxLength: 12 });

/** The names of the messages that have to be sent. */
function expectedOf(facts: readonly SourceFact[]): readonly string[] {
  const names = facts.map((fact) => {
    if (fact.kind === 'received' || fact.kind === 'completed')
      return `task_${fact.kind} ${idHash(SALT, fact.executionId)}`;
    return fact.kind === 'invoice' ? `invoice_created ${idHash(SALT, fact.invoiceId)}` : '';
  });
  return [...new Set(names.filter((name) => name !== ''))].toSorted();
}

class World {
  readonly sent: Readonly<Record<string, unknown>>[] = [];
  readonly #path: string;
  readonly #time = new ManualTime();
  readonly #all: readonly [SourceFact[], SourceFact[]];
  readonly #seen: readonly [SourceFact[], SourceFact[]] = [[], []];
  readonly #stepFacts: number;
  reading: Reading;
  #sources: readonly PlainSource[] = [];

  constructor(path: string, all: readonly [SourceFact[], SourceFact[]], stepFacts: number) {
    this.#path = path;
    this.#all = all;
    this.#stepFacts = stepFacts;
    this.reading = this.#make();
  }

  async do(deed: (typeof DEEDS)[number]): Promise<void> {
    const { reading } = this;
    switch (deed) {
      case 'grow':
        for (const [index, facts] of this.#all.entries()) this.#seen[index]?.push(...facts.splice(0, 4));
        break;
      case 'second':
        await reading.advance(1_100);
        break;
      case 'wait':
        await reading.advance(11_000);
        break;
      case 'drain':
        this.sent.push(...(await reading.drain()).map(dataOf));
        break;
      case 'take':
        await reading.outbox.take(3, this.#time.nowMs(), []);
        await reading.outbox.returned();
        break;
      case 'rescan':
        for (const source of this.#sources) source.rescan();
        break;
      case 'kill':
        reading.kill();
        this.reading = await this.#make().start();
        break;
      case 'restart':
        await reading.stop();
        this.reading = await this.#make().start();
        break;
      case 'full':
        reading.loop.settle();
        reading.state.database.pragma('query_only = ON');
        break;
      case 'free':
        reading.state.database.pragma('query_only = OFF');
        break;
      default:
        unreachable(deed);
    }
  }

  /** Everything is shown, read, waited for and sent. */
  async end(): Promise<void> {
    await this.do('free');
    for (let rounds = 0; rounds < 12; rounds++) {
      await this.do('grow');
      await this.do('wait');
      await this.do('drain');
    }
  }

  #make(): Reading {
    const make = ({ writer }: AgentState) => {
      const [logs, events] = this.#seen;
      const options = { positions: writer.positions(), stepFacts: this.#stepFacts };
      this.#sources = [new PlainSource('logs', logs, options), new PlainSource('events', events, options)];
      return this.#sources;
    };
    return new Reading(make, { path: this.#path, time: this.#time, queueMax: 9 });
  }
}

test('each fact is one message, and no execution has the metrics of another', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-laws-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      log,
      events,
      deeds,
      fc.integer({ min: 1, max: 5 }),
      async (logs, records, all, stepFacts) => {
        const expected = expectedOf([...logs, ...records]);
        const world = new World(join(folder, `${number++}.db`), [[...logs], [...records]], stepFacts);
        await world.reading.start();
        for (const deed of all) await world.do(deed);
        await world.end();
        const names = world.sent.map(
          ({ type, taskIdHash, invoiceIdHash }) => `${String(type)} ${String(invoiceIdHash ?? taskIdHash)}`,
        );
        expect(names.toSorted()).toEqual(expected);
        for (const { type, taskIdHash, executionTimeBucket, success } of world.sent) {
          if (type !== 'task_completed' || executionTimeBucket === undefined) continue;
          const own = BUCKETS.findIndex((_, index) => idHash(SALT, `execution ${index}`) === taskIdHash);
          expect(executionTimeBucket).toBe(BUCKETS[own]);
          expect(success).toBe(own % 2 === 0);
        }
        const { factCounts, messageEnds } = world.reading.state.writer.values;
        expect(factCounts).toMatchObject({ remembered: 0, queued: expected.length });
        expect(messageEnds).toEqual({ confirmed: expected.length, setAside: 0 });
        expect(world.reading.state.writer.waiting + world.reading.state.writer.awaiting).toBe(0);
        await world.reading.stop();
      },
    ),
    { numRuns: 60 },
  );
});
