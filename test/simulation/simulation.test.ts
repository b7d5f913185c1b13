// SIMULATION_SEED=7 lives one seed and traces its faults; SIMULATION_SEEDS=1000 lives so many.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { FederationWriter } from '../../src/store/federation/writer.ts';
import { Supervisor } from '../../src/actors/supervisor.ts';
import { live } from './simulation.ts';

const ONE = process.env['SIMULATION_SEED'];
const COUNT = Number(process.env['SIMULATION_SEEDS'] ?? 30);
const SEEDS = ONE === undefined ? Array.from({ length: COUNT }, (_, index) => index + 1) : [Number(ONE)];
const TRACE = ONE === undefined ? undefined : (line: string) => process.stderr.write(`${line}\n`);
const SEED_TIME_MAX_MS = 20_000;

afterEach(() => vi.restoreAllMocks());

describe('simulation', () => {
  it(
    `simulation - weeks of a federation's life, ${SEEDS.length} seeds: rows, statistics, states and sums hold at every rest`,
    () => {
      const failures: string[] = [];
      const total = { days: 0, delivered: 0, transitions: 0, kills: 0, checks: 0 };
      const startedMs = performance.now();
      for (const seed of SEEDS) {
        try {
          const life = live(seed, TRACE);
          for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += life[name];
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
      const { days, delivered, transitions, kills, checks } = total;
      process.stderr.write(
        `simulation: ${SEEDS.length} seeds in ${seconds} s: ${days.toFixed(0)} days, ${delivered} messages, ${transitions} transitions, ${kills} kills, ${checks} rests checked\n`,
      );
      expect(failures, `replay one with SIMULATION_SEED=n: ${failures.join('\n')}`).toEqual([]);
    },
    SEEDS.length * SEED_TIME_MAX_MS,
  );

  it('simulation - the same seed is the same life', () => {
    expect(live(3)).toEqual(live(3));
  });

  // Each of these must be noticed, or the invariants are none.
  it('simulation - would notice a message that was counted and not applied', () => {
    const { apply } = FederationWriter.prototype;
    let messages = 0;
    vi.spyOn(FederationWriter.prototype, 'apply').mockImplementation(function (
      this: FederationWriter,
      signal,
      moment,
    ) {
      return ++messages % 200 === 0 ? 'applied' : apply.call(this, signal, moment);
    });
    expect(() => live(1)).toThrow(/seed 1, day/);
  });

  it('simulation - would notice a transition that was never stored', () => {
    const { transition } = FederationWriter.prototype;
    let facts = 0;
    vi.spyOn(FederationWriter.prototype, 'transition').mockImplementation(function (
      this: FederationWriter,
      fact,
    ) {
      if (++facts % 20 !== 0) transition.call(this, fact);
    });
    expect(() => live(2)).toThrow(/went to|is stored as/);
  });

  it('simulation - would notice a position that is stored apart from its effects', () => {
    const { commit } = FederationWriter.prototype;
    vi.spyOn(FederationWriter.prototype, 'commit').mockImplementation(function (
      this: FederationWriter,
      nowMs,
      observedMs,
    ) {
      const signs = commit.call(this, nowMs, observedMs);
      // The next message is taken as read.
      this.position.take(this.position.nextSeq ?? 1, nowMs);
      return signs;
    });
    expect(() => live(3)).toThrow(/seed 3, day/);
  });

  it('simulation - would notice a sweep that looks too late, or too early', () => {
    const { sweep } = Supervisor.prototype;
    for (const errorMs of [-60_000, 60_000]) {
      vi.spyOn(Supervisor.prototype, 'sweep').mockImplementation(function (this: Supervisor, moment) {
        sweep.call(this, { ...moment, observedMs: moment.observedMs + errorMs });
      });
      expect(() => live(1)).toThrow(/allowed: /);
    }
  });
});
