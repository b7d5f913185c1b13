// What happens in one run of the simulated cluster: messages, commands and faults in an order that its seed decides, and
// then rest. It leaves out the combinations of faults for which docs/cluster.md promises nothing; each comment says which.

import { seedReason } from '../../../src/federation/cluster/seed-rule.ts';
import type { Machine, SimulatedCluster } from './simulated-cluster.ts';
import { randomCommand, randomMessage } from './simulated-messages.ts';
import { TICK_MS } from './simulated-replica.ts';

/** What one seed does. */
export interface Scenario {
  /**
   * `log`: the log loses what replicas have read, and is deleted; the input streams keep everything, because what is in
   * neither is lost for some. `inputs`: input streams are purged and made anew; the log loses only what nobody has read.
   */
  readonly kind: 'log' | 'inputs';
  readonly shards: number;
  readonly hasLimits: boolean;
  readonly hasCommands: boolean;
  readonly ignoresLeases: boolean;
  readonly changesInputs: boolean;
  /** False for brokers that do not tell their time: nats-server 2.9, which may serve no cluster. */
  readonly saysTime: boolean;
  /** True if brokers' clocks are set while they run. */
  readonly stepsClocks: boolean;
}

/** What happened, for the checks. */
export interface Happened {
  readonly counts: Map<string, number>;
  isStatsLost: boolean;
}

const STEPS = 36;

/** What a seed does. Odd seeds torment the log, even ones the input streams. */
export function scenarioOf(seed: number, random: () => number): Scenario {
  const kind = seed % 2 === 1 ? 'log' : 'inputs';
  const hasCommands = random() < 0.5;
  return {
    kind,
    hasCommands,
    // With several streams and a log that loses what was read, the order of two streams may differ in two replicas.
    shards: kind === 'log' ? 1 : 1 + Math.floor(random() * 3),
    hasLimits: random() < 0.4,
    ignoresLeases: random() < 0.15,
    changesInputs: kind === 'inputs' && random() < 0.6,
    // Without the broker's time a splitter takes its own machine's, and a command may come too early.
    saysTime: hasCommands || random() < 0.5,
    // A command counts from a time on: where a broker's clock repeats that time, the cut of the rounds decides.
    stepsClocks: random() < 0.6 && !(kind === 'log' && hasCommands),
  };
}

/** Runs the scenario and leaves the cluster at rest. */
export class SimulatedFaults {
  readonly happened: Happened = { counts: new Map(), isStatsLost: false };
  readonly #cluster: SimulatedCluster;
  readonly #scenario: Scenario;
  readonly #copies: { readonly path: string; readonly logSeq: number }[] = [];

  constructor(cluster: SimulatedCluster, scenario: Scenario) {
    this.#cluster = cluster;
    this.#scenario = scenario;
  }

  async run(): Promise<void> {
    const cluster = this.#cluster;
    const { random } = cluster;
    for (const input of cluster.inputs) input.aheadMs = this.#offset();
    this.#publish(60);
    await cluster.time.advance(2_000);
    cluster.faults = random() * 0.08;
    cluster.killsAtCommit = random() < 0.5 ? 0.004 : 0;
    cluster.stats.stored = (process) => this.#tickStored(process.name);
    for (let step = 0; step < STEPS; step++) {
      this.#publish(cluster.one(40));
      await this.#fault();
      await cluster.time.advance(30 + cluster.one(1_800));
      this.#revive(0.3);
    }
    await this.#rest();
  }

  /** Nothing fails any more, and everything is back. */
  async #rest(): Promise<void> {
    const cluster = this.#cluster;
    cluster.faults = 0;
    cluster.killsAtCommit = 0;
    cluster.stats.stored = () => undefined;
    this.#revive(1);
    for (const input of cluster.inputs) {
      input.isAway = false;
      // Statistics of a broker whose clock is far behind are late for ever.
      if (!this.#scenario.hasCommands) input.aheadMs = cluster.one(3_000) - 1_500;
    }
    this.#publish(30);
    await cluster.time.advance(3_000);
    this.#publish(30);
    for (const machine of cluster.machines) if (!machine.process.isAlive) cluster.restart(machine);
  }

  #count(what: string): void {
    const { counts } = this.happened;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  #publish(count: number): void {
    const { inputs, one } = this.#bound();
    for (let index = 0; index < count; index++) {
      const input = inputs[one(inputs.length)];
      input?.publish(randomMessage(one));
    }
  }

  async #fault(): Promise<void> {
    const { cluster, one } = this.#bound();
    const { kind, changesInputs, hasCommands, stepsClocks } = this.#scenario;
    const machine = cluster.machines[one(cluster.machines.length)];
    const input = cluster.inputs[one(cluster.inputs.length)];
    if (machine === undefined || input === undefined) return;
    const chance = one(100);
    if (chance < 12) this.#do('killed', () => cluster.kill(machine));
    else if (chance < 20) this.#do('frozen', () => machine.process.freeze());
    else if (chance < 26) this.#backUp(machine);
    else if (chance < 32) this.#restore(machine);
    else if (chance < 36) this.#do('records lost', () => cluster.records.lose());
    else if (chance < 42) this.#do('input away', () => (input.isAway = !input.isAway));
    else if (chance < 46 && stepsClocks) this.#do('clock set', () => (input.aheadMs = this.#offset()));
    else if (chance < 50) await this.#loseStats();
    else if (chance < 66) this.#faultOfLog();
    else if (chance < 80 && kind === 'inputs' && changesInputs) this.#faultOfInput();
    else if (chance < 92 && hasCommands) this.#do('commands', () => cluster.command(randomCommand(one)));
    else if (chance < 95 && hasCommands) await this.#loseCommands();
  }

  #do(what: string, run: () => unknown): void {
    this.#count(what);
    run();
  }

  #backUp(machine: Machine): void {
    if (machine.replica === null || !machine.process.isAlive) return;
    const { position } = machine.replica;
    this.#count('copied');
    this.#copies.push({ path: this.#cluster.backUp(machine), logSeq: position?.logSeq ?? 0 });
  }

  /** A replica goes on with an older file, its own or the other's; or with none, if the log still begins at its beginning. */
  #restore(machine: Machine): void {
    const { cluster, one } = this.#bound();
    if (machine.replica === null) return;
    const copies = [...this.#copies, ...(this.#mayBeginAnew() ? [null] : [])];
    const copy = copies[one(copies.length)];
    if (copy === undefined) return;
    this.#count(copy === null ? 'began anew' : 'restored');
    cluster.restore(machine, copy?.path ?? null);
  }

  /** The program's own rule, by what replicas last said of themselves. */
  #mayBeginAnew(): boolean {
    const { machines, log } = this.#cluster;
    const others = machines.flatMap(({ lastPosition }) => lastPosition ?? []);
    return seedReason({ progress: 0, hasRows: false, continues: false, log, others }) === null;
  }

  #faultOfLog(): void {
    const { cluster, one } = this.#bound();
    const { log } = cluster;
    const isLogsTurn = this.#scenario.kind === 'log';
    const chance = one(10);
    if (chance < 6) {
      const end = log.lastSeq - one(30);
      this.#do('log lost its end', () =>
        log.loseAfter(isLogsTurn ? end : Math.max(end, cluster.deliveredSeq)),
      );
    } else if (chance < 8) {
      // What a replica needs of the log again must be there, or other streams' rounds come first.
      const replicas = cluster.machines.flatMap(({ replica }) => replica ?? []);
      const read = [...this.#copies, ...replicas.map(({ position }) => position)].map(
        (position) => position?.logSeq ?? 0,
      );
      this.#do('log purged', () => log.purge(isLogsTurn ? log.lastSeq - one(60) : Math.min(...read)));
    } else if (isLogsTurn) this.#do('log made anew', () => cluster.remakeLog());
  }

  #faultOfInput(): void {
    const { cluster, one } = this.#bound();
    const input = cluster.inputs[one(cluster.inputs.length)];
    if (input === undefined) return;
    const chance = one(10);
    if (chance < 4) this.#do('input purged', () => input.purge(input.lastSeq - one(60)));
    else if (chance < 7) this.#do('messages removed', () => input.purgeOne(1 + one(input.lastSeq)));
    else {
      this.#do('input made anew', () => input.make());
      this.#publish(20);
    }
  }

  /** Memory keeps what was published, so a replica that has heard it must live until the next tick. */
  async #loseStats(): Promise<void> {
    const { cluster } = this.#bound();
    await this.#quietly(2_500, () => {
      this.#count('statistics lost');
      this.happened.isStatsLost = true;
      cluster.stats.lose();
    });
  }

  /** The database of a replica keeps the commands, so one that knows them must live until it has looked. */
  async #loseCommands(): Promise<void> {
    const { cluster, one } = this.#bound();
    await this.#quietly(3_500, () => {
      this.#count('commands lost');
      if (one(2) === 0) cluster.control.make();
      else cluster.control.loseAfter(cluster.control.lastSeq - one(3));
    });
  }

  async #quietly(beforeMs: number, run: () => void): Promise<void> {
    const { cluster } = this.#bound();
    const { faults, killsAtCommit } = cluster;
    const { stored } = cluster.stats;
    Object.assign(cluster, { faults: 0, killsAtCommit: 0 });
    cluster.stats.stored = () => undefined;
    this.#revive(1);
    await cluster.time.advance(2 * TICK_MS + beforeMs);
    run();
    await cluster.time.advance(3 * TICK_MS);
    Object.assign(cluster, { faults, killsAtCommit });
    cluster.stats.stored = stored;
  }

  /** A publisher is frozen or dies in mid-tick. */
  #tickStored(name: string): void {
    const { cluster, random, one } = this.#bound();
    const machine = cluster.machines.find(({ process }) => process.name === name);
    if (machine === undefined || random() >= 0.06) return;
    if (one(3) === 0) this.#do('publisher killed', () => machine.process.kill());
    else {
      this.#do('publisher frozen', () => machine.process.freeze());
      const { process } = machine;
      cluster.time.after(3_000 + one(12_000), () => process.thaw());
    }
  }

  #revive(share: number): void {
    const { cluster, random } = this.#bound();
    for (const machine of cluster.machines) {
      if (random() >= share) continue;
      if (!machine.process.isAlive) cluster.restart(machine);
      else if (machine.process.isFrozen) machine.process.thaw();
    }
  }

  /**
   * By how much a broker's clock is wrong. A command counts 2 s after its time, so that every replica has it by then: with
   * commands no broker's clock may be ahead.
   */
  #offset(): number {
    const { random, one } = this.#bound();
    if (this.#scenario.hasCommands) return -one(3_000);
    return random() < 0.3 ? one(300_000) - 150_000 : one(4_000) - 2_000;
  }

  #bound() {
    const cluster = this.#cluster;
    return {
      cluster,
      inputs: cluster.inputs,
      random: cluster.random,
      one: (count: number) => cluster.one(count),
    };
  }
}
