// SIMULATION_SEED=7 runs one seed and traces its faults; SIMULATION_SEEDS=1000 runs that many, from
// SIMULATION_FIRST_SEED on, and reports each failure at once.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeletionClock } from '../../../src/federation/domain/deletion-clock.ts';
import { EventClock } from '../../../src/federation/domain/event-clock.ts';
import { Door } from '../../../src/federation/ingest/door.ts';
import { Housekeeping } from '../../../src/federation/store/housekeeping.ts';
import { RollupDeltas } from '../../../src/federation/store/rollups.ts';
import { StatisticsThinning } from '../../../src/federation/store/statistics-thinning.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { Salvage } from '../../../src/store/salvage.ts';
import { Supervisor } from '../../../src/actors/supervisor.ts';
import { live } from './simulation.ts';

const ONE = process.env['SIMULATION_SEED'];
const COUNT = Number(process.env['SIMULATION_SEEDS'] ?? 10);
const FIRST = Number(process.env['SIMULATION_FIRST_SEED'] ?? 1);
const SEEDS = ONE === undefined ? Array.from({ length: COUNT }, (_, index) => FIRST + index) : [Number(ONE)];
const say = (line: string) => process.stderr.write(`${line}\n`);
const TRACE = ONE === undefined ? undefined : say;
const DAY_MS = 86_400_000;
const SEED_TIME_MAX_MS = 20_000;

afterEach(() => vi.restoreAllMocks());

describe('simulation', () => {
  it(
    `simulation - in weeks of a federation's life, ${SEEDS.length} seeds, rows, statistics, states and sums are right at every rest`,
    () => {
      const failures: string[] = [];
      const total = { days: 0, delivered: 0, transitions: 0, kills: 0, pruned: 0, ticks: 0, checks: 0 };
      const startedMs = performance.now();
      for (const seed of SEEDS) {
        try {
          const life = live(seed, TRACE);
          for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += life[name];
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
          say(`simulation: ${failures.at(-1)}`);
        }
      }
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      const { days, delivered, transitions, kills, pruned, ticks, checks } = total;
      say(
        `simulation: ${SEEDS.length} seeds in ${seconds} s: ${days.toFixed(0)} days, ${delivered} messages, ${transitions} transitions, ${kills} kills, ${pruned} rows pruned, ${ticks} ticks, ${checks} rests checked, ${failures.length} failures`,
      );
      expect(failures, `replay one with SIMULATION_SEED=n: ${failures.join('\n')}`).toEqual([]);
    },
    SEEDS.length * SEED_TIME_MAX_MS,
  );

  it('simulation - the same seed gives the same life', () => {
    expect(live(3)).toEqual(live(3));
  });

  // The invariants must notice each of these defects.
  it('simulation - the checks notice a message that was counted and not applied', () => {
    const { applyNext } = FederationWriter.prototype;
    let messages = 0;
    vi.spyOn(FederationWriter.prototype, 'applyNext').mockImplementation(function (
      this: FederationWriter,
      signal,
      moment,
    ) {
      return ++messages % 200 === 0 ? 'applied' : applyNext.call(this, signal, moment);
    });
    expect(() => live(1)).toThrow(/seed 1, day/);
  });

  it('simulation - the checks notice a transition that was never stored', () => {
    const { transition } = FederationWriter.prototype;
    let facts = 0;
    vi.spyOn(FederationWriter.prototype, 'transition').mockImplementation(function (
      this: FederationWriter,
      fact,
    ) {
      if (++facts % 20 !== 0) transition.call(this, fact);
    });
    expect(() => live(2)).toThrow(/went to|went from|is stored as|stored transitions are not/);
  });

  it('simulation - the checks notice a position that is stored apart from its effects', () => {
    const { commit } = FederationWriter.prototype;
    vi.spyOn(FederationWriter.prototype, 'commit').mockImplementation(function (
      this: FederationWriter,
      nowMs,
      observedMs,
    ) {
      const signs = commit.call(this, nowMs, observedMs);
      // The position counts the next message as read.
      this.position.take(this.position.nextSeq ?? 1, nowMs);
      return signs;
    });
    expect(() => live(3)).toThrow(/seed 3, day/);
  });

  it('simulation - the checks notice a sweep that judges too late, or too early', () => {
    const { sweep } = Supervisor.prototype;
    for (const errorMs of [-10_000, 10_000]) {
      vi.spyOn(Supervisor.prototype, 'sweep').mockImplementation(function (this: Supervisor, moment) {
        sweep.call(this, { ...moment, observedMs: moment.observedMs + errorMs });
      });
      expect(() => live(2)).toThrow(/allowed: /);
    }
  });

  it('simulation - the checks notice retention that comes too early, or never', () => {
    const { pruneCutoffs } = Housekeeping.prototype;
    const tooEarly = function (this: Housekeeping, nowMs: number, monotonicMs: number) {
      const cutoffs = pruneCutoffs.call(this, nowMs, monotonicMs);
      return cutoffs === null ? null : { ...cutoffs, cutoffMs: cutoffs.cutoffMs + DAY_MS };
    };
    const spy = vi.spyOn(Housekeeping.prototype, 'pruneCutoffs').mockImplementation(tooEarly);
    expect(() => live(6)).toThrow(/was pruned \d+ ms too early/);
    spy.mockImplementation(() => null);
    expect(() => live(6)).toThrow(/should have been pruned/);
  });

  it('simulation - the checks notice events dated by a clock that goes back', () => {
    vi.spyOn(EventClock.prototype, 'pass').mockImplementation((atMs) => atMs);
    expect(() => live(2)).toThrow(/seed 2, day/);
  });

  it('simulation - the checks notice deletions by the wall clock', () => {
    vi.spyOn(DeletionClock.prototype, 'read').mockImplementation((nowMs) => nowMs);
    expect(() => live(13)).toThrow(/was pruned when it was \d+ ms old/);
  });

  it('simulation - the checks notice pruned rows that are no longer counted', () => {
    vi.spyOn(RollupDeltas.prototype, 'addPruned').mockImplementation(() => undefined);
    expect(() => live(6)).toThrow(/shrank|statistics all/);
  });

  it('simulation - the checks notice statistics that are thinned too early, or never', () => {
    const { ask } = StatisticsThinning.prototype;
    const tooEarly = function (this: StatisticsThinning, nowMs: number) {
      ask.call(this, nowMs + DAY_MS);
    };
    const spy = vi.spyOn(StatisticsThinning.prototype, 'ask').mockImplementation(tooEarly);
    expect(() => live(6)).toThrow(/statistics 1h of .* are not there/);
    spy.mockImplementation(() => undefined);
    expect(() => live(6)).toThrow(/statistics 1h of .* are still there/);
  });

  it('simulation - the checks notice a batch that fails and is given up', () => {
    vi.spyOn(Salvage.prototype, 'step').mockImplementation(() => false);
    expect(() => live(2)).toThrow(/seed 2, day/);
  });

  it('simulation - the checks notice outcomes that count twice when a batch is merged again', () => {
    vi.spyOn(Door.prototype, 'forget').mockImplementation(() => undefined);
    expect(() => live(2)).toThrow(/received \d+ messages, but accounted for/);
  });
});
