// A whole cluster in one process without a broker: input streams, a log, commands, records and statistics in memory, two
// replicas with real files, and one process that only splits. All faults come from one seed. It checks nothing.

import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AskQuestion, AskReply } from '../../../src/federation/cluster/ask-wire.ts';
import type {
  ControlCommand,
  ControlEntry,
  ReplicaPosition,
} from '../../../src/federation/domain/cluster.ts';
import { encodeControlEntry } from '../../../src/federation/domain/control-entry.ts';
import type { GapRequest } from '../../../src/federation/domain/gap-request.ts';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import { EventTime, numbersOf } from '../../support/event-time.ts';
import { SimulatedInput } from './simulated-input.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { type ReplicaWorld, SimulatedReplica } from './simulated-replica.ts';
import { SimulatedSplitters, type SplittersWorld } from './simulated-splitters.ts';
import { SimulatedRecords, SimulatedStats, SimulatedStream } from './simulated-streams.ts';

/** Rules of the cluster that can be broken, to show that the simulation notices. */
export type BrokenRule = 'fence' | 'gate';

/** A replica says where it is once a second. */
const PLACE_MS = 1_000;

export interface ClusterOptions {
  readonly seed: number;
  /** Of files; it must exist. */
  readonly folder: string;
  readonly shards: number;
  readonly limits: Limits;
  /** True if every process splits all streams all the time. */
  readonly ignoresLeases: boolean;
  /** False for brokers that do not tell their time. */
  readonly saysTime: boolean;
  readonly key: { readonly x: string; readonly d: string };
  readonly broken: BrokenRule | null;
}

/** A machine: what lives on it, and its file. */
export interface Machine {
  readonly name: string;
  readonly path: string;
  process: SimulatedProcess;
  splitters: SimulatedSplitters;
  /** Null on the machine that only splits. */
  replica: SimulatedReplica | null;
  /** Where its replica last said that it was, in this process or an earlier one. */
  lastPosition: ReplicaPosition | null;
}

export class SimulatedCluster implements ReplicaWorld, SplittersWorld {
  readonly time = new EventTime();
  readonly random: () => number;
  readonly inputs: readonly SimulatedInput[];
  readonly log: SimulatedStream;
  readonly control: SimulatedStream;
  readonly records: SimulatedRecords;
  readonly stats: SimulatedStats;
  readonly limits: Limits;
  readonly key: ClusterOptions['key'];
  readonly hasGate: boolean;
  readonly hasLeases: boolean;
  readonly machines: Machine[] = [];
  /** Errors that replicas told before they died. */
  readonly errors: string[] = [];
  faults = 0;
  /** Share of commits at which the process dies just before. */
  killsAtCommit = 0;
  /** The highest sequence of the log that a replica has got since the log was made. */
  deliveredSeq = 0;
  readonly #folder: string;
  #processes = 0;
  #commands = 0;
  #lastCommand: string | null = null;

  constructor(options: ClusterOptions) {
    this.random = numbersOf(options.seed);
    this.#folder = options.folder;
    this.limits = options.limits;
    this.key = options.key;
    this.hasGate = options.broken !== 'gate';
    this.hasLeases = !options.ignoresLeases;
    this.inputs = Array.from(
      { length: options.shards },
      (_none, index) => new SimulatedInput(`S${index + 1}`, this, options.saysTime),
    );
    this.log = new SimulatedStream('TRUEBIT_LOG_0', this);
    this.control = new SimulatedStream('TRUEBIT_CONTROL', this);
    this.records = new SimulatedRecords(this);
    this.stats = new SimulatedStats(this);
    this.stats.isFenced = options.broken !== 'fence';
    for (const name of ['a', 'b', 'c']) this.machines.push(this.#machine(name, name !== 'c'));
    this.time.every(PLACE_MS, () => {
      for (const machine of this.machines) {
        const { isAlive, isFrozen } = machine.process;
        if (isAlive && !isFrozen) machine.lastPosition = machine.replica?.position ?? machine.lastPosition;
      }
    });
  }

  get shards(): readonly string[] {
    return this.inputs.map(({ name }) => name);
  }

  /** A whole number below `count`. */
  one(count: number): number {
    return Math.floor(this.random() * count);
  }

  /** The replicas that live, frozen ones included. */
  get replicas(): readonly SimulatedReplica[] {
    return this.machines.flatMap(({ replica, process }) =>
      replica !== null && process.isAlive ? [replica] : [],
    );
  }

  kill({ process }: Machine): void {
    process.kill();
  }

  /** Starts the process of a machine again, after its death. */
  restart(machine: Machine): void {
    machine.process.kill();
    this.#bury(machine);
    Object.assign(machine, this.#live(machine.name, machine.path, machine.replica !== null));
  }

  /** Copies the file of a replica as it is. */
  backUp(machine: Machine): string {
    const path = join(this.#folder, `copy-${this.#processes}-${Math.floor(this.time.monotonicMs())}.db`);
    rmSync(path, { force: true });
    machine.replica?.backUp(path);
    return path;
  }

  /** Starts the process of a machine with another file: a copy, or none. */
  restore(machine: Machine, copy: string | null): void {
    machine.process.kill();
    this.#bury(machine);
    for (const end of ['', '-wal', '-shm']) rmSync(machine.path + end, { force: true });
    if (copy !== null) copyFileSync(copy, machine.path);
    Object.assign(machine, this.#live(machine.name, machine.path, true));
  }

  command(command: ControlCommand): ControlEntry {
    const entry = { id: `c${++this.#commands}`, previous: this.#lastCommand, by: 'a', command };
    this.#lastCommand = entry.id;
    this.control.append(encodeControlEntry(entry));
    return entry;
  }

  /** The log is deleted and made anew. */
  remakeLog(): void {
    this.log.make();
    this.deliveredSeq = 0;
  }

  close(): void {
    for (const machine of this.machines) {
      machine.process.kill();
      machine.replica?.close();
    }
  }

  // What processes ask of each other:

  gap(request: GapRequest): void {
    for (const { process, splitters } of this.machines) {
      if (this.random() < this.faults) continue;
      this.time.after(5, () => process.hear(() => splitters.heal(request)));
    }
  }

  positions() {
    return this.replicas.flatMap(({ position }) => [...(position?.sources ?? [])]);
  }

  delivered(seq: number): void {
    this.deliveredSeq = Math.max(this.deliveredSeq, seq);
  }

  ask(asker: SimulatedProcess, question: AskQuestion, heard: (reply: AskReply) => void): void {
    for (const { process, replica } of this.machines) {
      if (replica === null || this.random() < this.faults) continue;
      this.time.after(2 + this.one(20), () =>
        process.hear(() => {
          const reply = replica.answer(question);
          this.time.after(2 + this.one(60), () => asker.hear(() => heard(reply)));
        }),
      );
    }
  }

  beforeCommit(process: SimulatedProcess): void {
    if (this.random() >= this.killsAtCommit) return;
    process.kill();
    throw new Error('killed before the commit');
  }

  #machine(name: string, hasReplica: boolean): Machine {
    const path = join(this.#folder, `${name}.db`);
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    return { name, path, lastPosition: null, ...this.#live(name, path, hasReplica) };
  }

  #live(name: string, path: string, hasReplica: boolean) {
    const process = new SimulatedProcess(`${name}-${++this.#processes}`, this, this.one(1_000) - 500);
    const splitters = new SimulatedSplitters(process, this);
    return { process, splitters, replica: hasReplica ? new SimulatedReplica(process, path, this) : null };
  }

  #bury({ replica }: Machine): void {
    if (replica === null) return;
    this.errors.push(...replica.errors);
    replica.close();
  }
}
