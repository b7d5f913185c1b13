// A simulated node that lives: it receives executions at a steady rate and grows its files as the time passes, with faults
// at moments of its seed. What it writes follows from plans; this file only says when.

import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { createRandom, type Random } from '../../lib/random.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import { makeNodePlan, STANDARD_PLAN } from './node-plan.ts';
import { type NodeStep, nodeTimeline } from './node-timeline.ts';
import { type NodeFault, nodeGlobs, NodeWriter } from './node-writer.ts';

/** What a simulated node does. */
export interface NodeSimOptions {
  /** The folder below which the files are written. */
  readonly folder: string;
  readonly seed: number;
  /** Nodes that are simulated; with more than one, each has a folder `node-1`, `node-2`, … of its own. */
  readonly nodes: number;
  readonly ratePerMinute: number;
  /** Executions in all; Infinity for no end. */
  readonly tasks: number;
  /** Executions of the past, which the files hold at the start. */
  readonly history: number;
  readonly faults: readonly NodeFault[];
  /** Characters of an input, about. */
  readonly inputCharacters: number;
}

/** What drives simulated nodes, and what they tell. */
export interface NodeSimParts {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timers: Timers;
  /** Called once, when the last execution is written. */
  ended(): void;
  /** Called once, when the files cannot be written; the error is the system's. Nothing is written after that. */
  failed(error: unknown): void;
}

/** Records that the event file keeps; a node that runs for days would fill the disk otherwise. */
const RECORDS_MAX = 20_000;
const TICK_MS = 200;
const BATCH_EXECUTIONS = 20;
const MINUTE_MS = 60_000;
/** One write in this many brings a fault. */
const WRITES_PER_FAULT = 10;

/** Share of the executions that all nodes have. */
const SHARED_SHARE = 0.5;

interface SimulatedNode {
  readonly writer: NodeWriter;
  readonly random: Random;
  waiting: NodeStep[];
  isDamaged: boolean;
}

/** The simulated nodes of a folder, as a part. */
export class NodeSim implements Part {
  readonly #options: NodeSimOptions;
  readonly #parts: NodeSimParts;
  readonly #intervalMs: number;
  #nodes: readonly SimulatedNode[] = [];
  #startMs = 0;
  #planned = 0;
  #written = 0;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(options: NodeSimOptions, parts: NodeSimParts) {
    this.#options = options;
    this.#parts = parts;
    this.#intervalMs = Math.max(10, Math.round(MINUTE_MS / options.ratePerMinute));
  }

  /** Makes the folders and begins. Throws the system's error if it cannot make them. */
  async start(): Promise<void> {
    const { seed } = this.#options;
    this.#startMs = this.#parts.clock.nowMs() - this.#options.history * this.#intervalMs;
    this.#nodes = this.#plan(0).nodes.map((node, at) => ({
      writer: new NodeWriter(this.folders[at] ?? '', node, RECORDS_MAX),
      random: createRandom(seed, `faults/${at}`),
      waiting: [],
      isDamaged: false,
    }));
    this.#tick();
    this.#timer = this.#parts.timers.every(TICK_MS, () => this.#tick());
  }

  /** The event file is whole when this resolves. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#trying(() => {
      for (const node of this.#nodes) if (node.isDamaged) node.writer.rewrite();
    });
  }

  /** The folder of each node. */
  get folders(): readonly string[] {
    const { folder, nodes } = this.#options;
    if (nodes === 1) return [folder];
    return Array.from({ length: nodes }, (_, at) => join(folder, `node-${at + 1}`));
  }

  /** For each node, the settings with which an agent reads it. */
  get settings(): readonly ReturnType<typeof nodeGlobs>[] {
    return this.folders.map(nodeGlobs);
  }

  /** Records and entries that were written. */
  get written(): number {
    return this.#written;
  }

  #plan(executions: number): ReturnType<typeof makeNodePlan> {
    const { seed, nodes, inputCharacters } = this.#options;
    return makeNodePlan({
      ...STANDARD_PLAN,
      seed,
      nodes,
      executions,
      firstIndex: this.#planned,
      sharedShare: nodes === 1 ? 1 : SHARED_SHARE,
      startMs: this.#startMs + this.#planned * this.#intervalMs,
      intervalMs: this.#intervalMs,
      inputCharacters,
    });
  }

  /** Plans until something lies in the future, or the last execution. An execution ends before the next one begins. */
  #planTo(nowMs: number): void {
    const { tasks } = this.#options;
    while (this.#planned < tasks && this.#startMs + this.#planned * this.#intervalMs <= nowMs) {
      const count = Math.min(BATCH_EXECUTIONS, tasks - this.#planned);
      const plan = this.#plan(count);
      this.#nodes.forEach((node, at) => node.waiting.push(...nodeTimeline(plan, at)));
      this.#planned += count;
    }
  }

  #tick(): void {
    this.#trying(() => {
      const nowMs = this.#parts.clock.nowMs();
      this.#planTo(nowMs);
      for (const node of this.#nodes) this.#grow(node, nowMs);
      const isDone =
        this.#planned >= this.#options.tasks &&
        this.#nodes.every(({ waiting, isDamaged }) => waiting.length === 0 && !isDamaged);
      if (!isDone) return;
      this.#isOver = true;
      this.#parts.ended();
    });
  }

  /** Writes; a failure ends everything. */
  #trying(write: () => void): void {
    if (this.#isOver) return;
    try {
      write();
    } catch (error) {
      this.#isOver = true;
      this.#parts.failed(error);
    }
  }

  #grow(node: SimulatedNode, nowMs: number): void {
    const later = node.waiting.findIndex(({ atMs }) => atMs > nowMs);
    const due = node.waiting.splice(0, later === -1 ? node.waiting.length : later);
    node.writer.write(due);
    this.#written += due.length;
    const isWhole = due.some(({ type }) => type === 'record');
    if (node.isDamaged && !isWhole) node.writer.rewrite();
    node.isDamaged = false;
    const { faults } = this.#options;
    if (due.length === 0 || faults.length === 0 || node.random.below(WRITES_PER_FAULT) > 0) return;
    const fault = node.random.pick(faults);
    node.writer.apply(fault, node.random.below(STANDARD_PLAN.workers));
    node.isDamaged = fault === 'damage';
  }
}
