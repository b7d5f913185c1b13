// One seed, one federation: weeks of its life on simulated time, with everything that can go wrong around it, and the
// invariants after every time it came to rest. Everything is drawn from the seed; the same seed is the same life.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type Random } from '../../../src/lib/random.ts';
import { openReader, type ReadDatabase } from '../../../src/store/database.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { AggregatorProcess, type ProcessOptions } from './aggregator-process.ts';
import { makeFastFolder } from './fast-folder.ts';
import { Federation, type SimulatedNode } from './federation.ts';
import { GroundTruth } from './ground-truth.ts';
import {
  expectGeography,
  expectOracleRows,
  expectPosition,
  expectPruned,
  expectRollups,
  expectStates,
  expectStatistics,
  readIds,
  readRows,
} from './invariants.ts';
import { expectSameAsUninterrupted } from './uninterrupted.ts';
import { SimulatedBroker } from './simulated-broker.ts';
import { type Refusal, REFUSALS, SimulatedDisk } from './simulated-disk.ts';
import { SimulatedTime } from './simulated-time.ts';

export interface Life {
  readonly days: number;
  readonly messages: number;
  readonly delivered: number;
  readonly kills: number;
  readonly transitions: number;
  /** Rows pruned, ticks of statistics stored. */
  readonly pruned: number;
  readonly ticks: number;
  readonly checks: number;
  readonly faults: Readonly<Record<string, number>>;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const THRESHOLDS = { staleAfterMs: 150_000, offlineAfterMs: 300_000, forgetAfterMs: DAY_MS };
/** Commits that a pass of retention or thinning may need; faster than real time anything is late by that. */
const TIDY_ROUNDS_MAX = 1000;
/** The longest time for which a stepped clock stays wrong, and the interval of checks whether it is noticed. */
const STEP_SECONDS_MAX = 3 * 86_400;
const NOTICE_MS = 20 * SECOND_MS;
const NO_LIMITS = { ratePerMinute: 0, rateBurst: 0, globalPerSecond: 0, newNodesPerMinute: 0, maxNodes: 0 };

/** Runs one seed; throws at the first broken invariant, with the seed and the day in its message. */
export function live(seed: number, trace: (line: string) => void = () => undefined): Life {
  const simulation = new Simulation(seed, trace);
  try {
    return simulation.run();
  } catch (error) {
    throw new Error(
      `seed ${seed}, ${simulation.when()}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    simulation.close();
  }
}

class Simulation {
  readonly #random: Random;
  readonly #trace: (line: string) => void;
  readonly #time: SimulatedTime;
  readonly #startMs: number;
  readonly #folder: string;
  readonly #path: string;
  readonly #options: ProcessOptions & { readonly wrongMaxMs: number };
  readonly #broker: SimulatedBroker;
  readonly #disk: SimulatedDisk;
  readonly #federation: Federation;
  readonly #truth: GroundTruth;
  readonly #refusals: readonly Refusal[];
  readonly #faults: Record<string, number> = {};
  #process: AggregatorProcess | null = null;
  #reader: ReadDatabase | null = null;
  #query: StatisticsQuery | null = null;
  #isFrozen = false;
  #isLinkUp = true;
  #wallErrorMs = 0;
  /** Without the steps, which are mended at their time. */
  #lastingErrorMs = 0;
  /** Until then no one mends a step. */
  #wrongUntilMs = 0;
  /** The running time with a stepped clock since the last rest with a right one. */
  #ranWrongMs = 0;
  #isNoticing = false;
  #watchBudgetMs: number;
  /** Rises whenever all faults are over. */
  #stretch = 0;
  #kills = 0;
  #checks = 0;

  constructor(seed: number, trace: (line: string) => void) {
    const random = createRandom(seed, 'simulation');
    this.#random = random;
    this.#trace = trace;
    this.#startMs = Date.UTC(2026, random.below(12), 1 + random.below(28)) + random.below(DAY_MS);
    this.#time = new SimulatedTime(this.#startMs);
    this.#folder = makeFastFolder('simulation');
    this.#path = join(this.#folder, 'aggregator.db');
    const hasLimits = random.chance(0.25);
    const mode = random.chance(0.85) ? 'jetstream' : 'core';
    const soonMs = random.pick([250, 5 * SECOND_MS, MINUTE_MS]);
    this.#options = {
      mode,
      limits: hasLimits
        ? {
            ratePerMinute: random.pick([0, 6, 20, 60]),
            rateBurst: random.pick([1, 5, 120]),
            globalPerSecond: random.pick([0, 0, 2, 20]),
            newNodesPerMinute: random.pick([0, 5, 6000]),
            maxNodes: random.chance(0.4) ? 3 + random.below(15) : 0,
          }
        : NO_LIMITS,
      thresholds: THRESHOLDS,
      transitionsPerNodeMax: random.pick([3, 1000, 1000]),
      generationSize: random.pick([3, 50, 100_000]),
      // Shorter than the settings allow, so that weeks hold many of them.
      retentionMs: random.pick([0, DAY_MS / 2, 2 * DAY_MS, 8 * DAY_MS]),
      // Less than the deletion clock looks back: in a stream, a wall clock that is ahead for longer deletes by its
      // time.
      wrongMaxMs: random.pick([15 * MINUTE_MS, 15 * MINUTE_MS, 3 * HOUR_MS]),
      tickMs: random.pick([3, 10, 30, 60]) * MINUTE_MS,
      soonMs,
      sweepMs: soonMs === MINUTE_MS ? 5 * SECOND_MS : SECOND_MS,
      batchTimeMs: random.pick([250, 250, SECOND_MS, 5 * SECOND_MS]),
      batchMessagesMax: random.pick([5, 100, 1000]),
      // Plain NATS is never held back; its overflow reorders, which is for the hand-over's own test.
      batchesMax: mode === 'core' ? 100_000 : 4,
      backlogPace: random.pick([20, 100, 500]),
    };
    // Each committed stretch of an idle aggregator costs real time.
    this.#watchBudgetMs =
      soonMs === MINUTE_MS ? 30 * HOUR_MS : soonMs === 250 ? 20 * MINUTE_MS : 90 * MINUTE_MS;
    this.#broker = new SimulatedBroker(this.#time, {
      messagesMax: random.chance(0.3) ? 20 + random.below(500) : Infinity,
      ageMaxMs: 72 * HOUR_MS,
    });
    this.#disk = new SimulatedDisk(this.#path);
    const unstorable = createRandom(seed, 'unstorable share').pick([0, 0, 0.003]);
    // A commit that fails once must not do so while a message that cannot be stored is looked for: that would be
    // another.
    this.#refusals = unstorable > 0 ? REFUSALS : [...REFUSALS, 'value'];
    this.#federation = new Federation(
      {
        seed,
        nodes: 5 + random.below(random.chance(0.1) ? 120 : 30),
        repeats: random.pick([0, 0.05, 0.3]),
        delays: random.pick([0, 0.1, 0.4]),
        rubbish: random.pick([0, 0.02, 0.1]),
        disagree: random.pick([0, 0.1, 0.5]),
        unstorable,
      },
      this.#time,
      this.#broker,
    );
    this.#truth = new GroundTruth(this.#time, this.#broker, {
      mode,
      thresholds: THRESHOLDS,
      hasLimits,
      evicts: this.#options.limits.maxNodes > 0,
      retentionMs: this.#options.retentionMs,
      skewMs: () => this.#wallErrorMs - this.#broker.clockErrorMs,
      isReachable: () => this.#isReachable(),
      idsNow: () => readIds(this.#open()),
    });
    this.#broker.onMessage = (publication) => {
      this.#truth.account();
      if (this.#isReachable()) this.#process?.published(publication);
    };
  }

  when(): string {
    const { mode, soonMs, sweepMs, batchTimeMs, batchMessagesMax, retentionMs, limits } = this.#options;
    const days = Math.floor((this.#time.nowMs - this.#startMs) / DAY_MS);
    const clock = new Date(this.#time.nowMs).toISOString().slice(11);
    return `day ${days} ${clock} (${JSON.stringify({ mode, soonMs, sweepMs, batchTimeMs, batchMessagesMax, retentionMs, limits })})`;
  }

  run(): Life {
    const random = this.#random;
    this.#start();
    const episodes = 6 + random.below(4);
    for (let episode = 0; episode < episodes; episode++) {
      this.#episode();
      this.#rest();
      this.#gap();
    }
    this.#rest();
    expectSameAsUninterrupted(
      this.#truth,
      { ...this.#options.limits, offlineAfterMs: THRESHOLDS.offlineAfterMs },
      this.#open(),
      join(this.#folder, 'again.db'),
      this.#time.nowMs,
    );
    return {
      days: (this.#time.nowMs - this.#startMs) / DAY_MS,
      messages: this.#federation.published,
      delivered: this.#truth.delivered.length,
      kills: this.#kills,
      transitions: this.#truth.transitionsEver,
      pruned: this.#truth.prunedEver,
      ticks: this.#truth.history.ticks,
      checks: this.#checks,
      faults: this.#faults,
    };
  }

  close(): void {
    this.#process?.kill();
    this.#disk.heal();
    this.#reader?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Minutes of dense life with faults. */
  #episode(): void {
    const random = this.#random;
    const lengthMs = (5 + random.below(20)) * MINUTE_MS;
    const startMs = this.#time.nowMs;
    const nodes = this.#some(this.#federation.nodes, 0.3 + 0.7 * random.next());
    this.#federation.join(nodes, random.pick([SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS]));
    this.#federation.work(nodes, lengthMs, 20 + random.below(300));
    const comings = random.below(8);
    for (let coming = 0; coming < comings; coming++) {
      this.#time.after(random.below(lengthMs), () => {
        const node = random.pick(nodes);
        if (node.isPresent) this.#federation.leave(node, random.chance(0.6));
        else this.#federation.join([node], 0);
      });
    }
    const faults = random.below(7);
    for (let fault = 0; fault < faults; fault++) {
      this.#time.after(random.below(lengthMs), () => this.#fault());
    }
    this.#time.runUntil(startMs + lengthMs);
  }

  /** Hours or days with few messages. */
  #gap(): void {
    const random = this.#random;
    for (const node of this.#federation.nodes) {
      if (node.isPresent && random.chance(0.95)) this.#federation.leave(node, random.chance(0.4));
    }
    const lengthMs = Math.floor(3 * HOUR_MS * 60 ** random.next());
    const steadyMs = Math.min(lengthMs, random.below(HOUR_MS));
    this.#time.after(steadyMs, () => {
      for (const node of this.#federation.nodes) this.#federation.leave(node, false);
    });
    const endMs = this.#time.nowMs + lengthMs;
    // A fault of the episode may come only now, and days of commits that are refused each second cost too much.
    this.#time.after(10 * MINUTE_MS, () => this.#disk.heal());
    // The process watches until the budget is used up; then the process or the broker is away.
    const watchedMs = random.chance(0.6)
      ? Math.min(lengthMs, this.#watchBudgetMs)
      : random.below(5 * MINUTE_MS);
    this.#watchBudgetMs -= Math.min(watchedMs, this.#watchBudgetMs);
    this.#time.runUntil(this.#time.nowMs + Math.min(watchedMs, lengthMs));
    if (this.#time.nowMs < endMs) {
      if (random.chance(0.4)) this.#setBroker(false);
      else this.#end(random.chance(0.5));
    }
    if (this.#broker.isUp) this.#time.runUntil(endMs);
    else this.#time.skimUntil(endMs);
    this.#heal();
    if (random.chance(0.3)) this.#rest();
  }

  // Faults

  #fault(): void {
    const random = this.#random;
    const faults: Readonly<Record<string, () => void>> = {
      kill: () => this.#end(true),
      restart: () => this.#end(false),
      freeze: () => this.#freeze(),
      brokerDown: () => this.#setBroker(false),
      linkDown: () => this.#setLink(false),
      streamSilent: () => {
        this.#broker.isServing = false;
      },
      slowDisk: () => {
        this.#disk.delayMs = random.pick([100, 2000, 20_000]);
        // A slow disk is often almost full.
        if (random.chance(0.5)) this.#time.after(random.below(2 * MINUTE_MS), () => this.#refuse());
      },
      refusedCommits: () => this.#refuse(),
      littleRoom: () => this.#disk.fill(),
      brokerClock: () => {
        this.#broker.clockErrorMs = this.#jump();
      },
      ourClock: () => {
        this.#wallErrorMs = this.#jump();
        this.#lastingErrorMs = this.#wallErrorMs;
      },
      clockStep: () => {
        this.#wallErrorMs = this.#step();
        // It is noticed after seconds, minutes or days, whatever else is mended meanwhile.
        this.#wrongUntilMs = this.#time.nowMs + Math.floor(SECOND_MS * STEP_SECONDS_MAX ** random.next());
        this.#noticeStep();
        // Some clocks are set to another wrong time.
        if (random.chance(0.3))
          this.#time.after(random.below(MINUTE_MS), () => {
            if (this.#isStepped) this.#wallErrorMs = this.#step();
          });
        // Some operators restart the program as a remedy.
        if (random.chance(0.5)) {
          this.#end(random.chance(0.5));
          this.#time.after(random.below(MINUTE_MS), () => this.#start());
        }
      },
      cutOff: () => this.#cutOff(),
      streamLost: () => this.#loseStream(),
      leaveStorm: () => {
        for (const node of this.#some(this.#federation.nodes, 0.7))
          this.#federation.leave(node, random.chance(0.8));
      },
      joinStorm: () => this.#federation.join(this.#some(this.#federation.nodes, 0.9), SECOND_MS),
    };
    const name = random.pick(Object.keys(faults));
    this.#faults[name] = (this.#faults[name] ?? 0) + 1;
    this.#trace(`${this.when()}: ${name}, heard ${this.#truth.delivered.length}`);
    faults[name]?.();
    // From a moment to longer than OFFLINE_AFTER.
    const lengthMs = Math.floor(100 * 6000 ** random.next());
    const stretch = this.#stretch;
    this.#time.after(lengthMs, () => {
      if (stretch !== this.#stretch) return;
      this.#trace(`${this.when()}: ${name} is over`);
      this.#heal();
    });
  }

  #start(): void {
    if (this.#process !== null || this.#disk.isMissing) return;
    const overlap = this.#random.chance(0.2) ? 1 + this.#random.below(5) : 0;
    this.#process = new AggregatorProcess(this.#options, {
      time: this.#time,
      broker: this.#broker,
      disk: this.#disk,
      path: this.#path,
      witness: this.#truth,
      wallMs: () => Math.floor(this.#time.nowMs + this.#wallErrorMs),
      isReachable: () => this.#isReachable(),
      overlap: () => overlap,
    });
  }

  #end(isKilled: boolean): void {
    if (this.#process === null) return;
    if (this.#isFrozen) this.#thaw();
    if (isKilled) {
      this.#kills++;
      this.#process.kill();
    } else {
      this.#process.stop();
    }
    this.#process = null;
    this.#truth.killed();
  }

  #freeze(): void {
    if (this.#process === null || this.#isFrozen) return;
    this.#isFrozen = true;
    this.#truth.stopped(true);
    this.#time.freeze(this.#process);
  }

  #thaw(): void {
    if (!this.#isFrozen || this.#process === null) return;
    this.#isFrozen = false;
    this.#time.thaw(this.#process);
    this.#truth.stopped(false);
  }

  #isReachable(): boolean {
    return this.#broker.isUp && this.#isLinkUp;
  }

  #setBroker(isUp: boolean): void {
    if (this.#broker.isUp === isUp) return;
    this.#truth.account();
    this.#broker.isUp = isUp;
    this.#truth.account();
    if (this.#isLinkUp) this.#process?.linkChanged(isUp);
    if (isUp) this.#federation.brokerReturned();
  }

  #setLink(isUp: boolean): void {
    if (this.#isLinkUp === isUp) return;
    this.#truth.account();
    this.#isLinkUp = isUp;
    this.#truth.account();
    if (this.#broker.isUp) this.#process?.linkChanged(isUp);
  }

  #refuse(): void {
    this.#disk.refuse(this.#random.pick(this.#refusals));
  }

  #cutOff(): void {
    this.#federation.cutOff(this.#some(this.#federation.nodes, 0.5), true);
  }

  /** The broker loses its stream, or is restored from a backup that lacks its end; it restarts for that. */
  #loseStream(): void {
    this.#setBroker(false);
    this.#truth.account();
    if (this.#random.chance(0.5)) this.#broker.recreate();
    else this.#broker.rollBack(1 + this.#random.below(50));
    this.#truth.account();
  }

  #jump(): number {
    const { below, chance, pick } = this.#random;
    if (chance(0.3)) return 0;
    return pick([-1, 1]) * below(pick([3 * SECOND_MS, MINUTE_MS, 2 * HOUR_MS]));
  }

  /** An error of seconds to months, forward or back. */
  #step(): number {
    const { below, pick } = this.#random;
    return pick([-1, 1]) * (SECOND_MS + below(pick([MINUTE_MS, 2 * HOUR_MS, 3 * DAY_MS, 100 * DAY_MS])));
  }

  get #isStepped(): boolean {
    return this.#wallErrorMs !== this.#lastingErrorMs;
  }

  /**
   * A step is repaired at its time, and before the process has run with it for as long as the deletion clock looks
   * back.
   */
  #noticeStep(): void {
    if (this.#isNoticing) return;
    this.#isNoticing = true;
    const waitMs = Math.min(NOTICE_MS, Math.max(1, this.#wrongUntilMs - this.#time.nowMs));
    this.#time.after(waitMs, () => {
      this.#isNoticing = false;
      if (this.#process !== null) this.#ranWrongMs += waitMs;
      if (this.#ranWrongMs >= 0.7 * this.#options.wrongMaxMs) this.#wrongUntilMs = 0;
      this.#mendClock();
      if (this.#isStepped) this.#noticeStep();
    });
  }

  #mendClock(): void {
    if (this.#time.nowMs >= this.#wrongUntilMs) this.#wallErrorMs = this.#lastingErrorMs;
  }

  #heal(): void {
    this.#mendClock();
    if (this.#isFrozen) this.#thaw();
    this.#disk.heal();
    this.#broker.isServing = true;
    this.#setLink(true);
    this.#setBroker(true);
    this.#federation.cutOff(this.#federation.nodes, false);
    this.#start();
  }

  // Rest

  /** Waits until the process is quiet, and checks every invariant. */
  #rest(): void {
    this.#stretch++;
    this.#heal();
    const deadlineMs = this.#time.nowMs + 30 * MINUTE_MS;
    const process = this.#process;
    if (process === null) throw new Error('no process');
    do {
      if (this.#time.nowMs > deadlineMs) throw new Error(`it does not come to rest: ${process.describe()}`);
      this.#time.runUntil(this.#time.nowMs + SECOND_MS);
      // Faults that were drawn for this stretch may still come.
      this.#heal();
    } while (this.#process !== process || !process.isQuiet);
    for (let round = 0; round < 3 || !process.isTidy; round++) {
      if (round > TIDY_ROUNDS_MAX) throw new Error('retention or thinning comes to no end');
      process.sendSnapshot();
      this.#time.runUntil(this.#time.nowMs + 3);
      process.flush();
      // That commit reports the deleted nodes to main.
      this.#time.runUntil(this.#time.nowMs + 3);
    }
    if (!process.isQuiet || this.#process !== process) {
      this.#rest();
      return;
    }
    this.#check(process);
  }

  #check(process: AggregatorProcess): void {
    this.#checks++;
    // It has read the right time, and a step after this is another.
    if (!this.#isStepped) this.#ranWrongMs = 0;
    const database = this.#open();
    const rows = readRows(database);
    expectRollups(database, rows);
    expectGeography(database, rows);
    if (this.#options.mode === 'jetstream') expectPosition(database, this.#truth);
    this.#truth.history.expect(database, this.#time.nowMs);
    if (this.#options.limits.maxNodes > 0) return;
    expectPruned(this.#truth, this.#options, this.#time.nowMs);
    expectOracleRows(rows, this.#truth);
    expectStatistics(this.#query ?? new StatisticsQuery(database), rows, this.#truth, this.#time.nowMs);
    expectStates(database, rows, this.#truth, process.supervisor.counts, this.#options.transitionsPerNodeMax);
    if (process.totalNodes !== rows.nodes.size + this.#truth.incarnations.endedNodes)
      throw new Error(`${process.totalNodes} nodes, ${rows.nodes.size} rows`);
  }

  #open(): ReadDatabase {
    if (this.#reader === null) {
      this.#reader = openReader(this.#path);
      this.#query = new StatisticsQuery(this.#reader);
    }
    return this.#reader;
  }

  #some(nodes: readonly SimulatedNode[], share: number): SimulatedNode[] {
    const chosen = nodes.filter(() => this.#random.chance(share));
    const first = nodes[0];
    return chosen.length > 0 || first === undefined ? chosen : [first];
  }
}
