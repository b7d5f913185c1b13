// The splitters of one simulated process, as the splitter thread has them: the real lease and the real splitter of each
// input stream.

import { Lease } from '../../../src/io/lease.ts';
import { CLUSTER_SUBJECTS } from '../../../src/federation/domain/cluster.ts';
import type { GapRequest } from '../../../src/federation/domain/gap-request.ts';
import type { UptoOfSource } from '../../../src/federation/sources/split-parts.ts';
import { Splitter } from '../../../src/federation/sources/splitter.ts';
import type { SimulatedInput } from './simulated-input.ts';
import type { SimulatedProcess, Surroundings } from './simulated-process.ts';
import type { SimulatedRecords, SimulatedStream } from './simulated-streams.ts';

export interface SplittersWorld extends Surroundings {
  readonly inputs: readonly SimulatedInput[];
  readonly log: SimulatedStream;
  readonly records: SimulatedRecords;
  /** True if two splitters of one stream may work at a time, because leases are ignored. */
  readonly hasLeases: boolean;
  /** How far the replicas that live have applied all streams. */
  positions(): readonly UptoOfSource[];
}

/** How long a splitter without a checkpoint waits for replicas, in ms; it asks for so long only if none answers. */
const POSITIONS_MS = 2_500;
const POSITIONS_WAITED_MAX = 12;

export class SimulatedSplitters {
  readonly #process: SimulatedProcess;
  readonly #world: SplittersWorld;
  readonly #working = new Map<string, Splitter>();

  constructor(process: SimulatedProcess, world: SplittersWorld) {
    this.#process = process;
    this.#world = world;
    for (const input of world.inputs) this.#hold(input);
  }

  heal(request: GapRequest): void {
    this.#working.get(request.source.stream)?.heal(request);
  }

  #hold(input: SimulatedInput): void {
    const process = this.#process;
    const records = this.#world.records.for(process);
    if (!this.#world.hasLeases) {
      this.#changed(input, true);
      return;
    }
    const lease = new Lease(
      { subject: CLUSTER_SUBJECTS.splitLease(input.name), holder: process.name },
      {
        records: () => records,
        clock: process,
        timers: process,
        random: () => this.#world.random(),
        changed: (isHeld) => this.#changed(input, isHeld),
      },
    );
    void lease.start();
  }

  #changed(input: SimulatedInput, isHeld: boolean): void {
    const before = this.#working.get(input.name);
    if (!isHeld) {
      this.#working.delete(input.name);
      void before?.stop();
      return;
    }
    if (before !== undefined) return;
    const process = this.#process;
    const { log, records, random } = this.#world;
    const splitter = new Splitter(
      { shard: input.name, maker: process.name, partitions: 1 },
      {
        stream: input.for(process),
        append: ({ bytes }) => process.request(() => log.append(bytes)),
        records: records.for(process),
        positions: () => this.#positions(),
        clock: process,
        timers: process,
        random,
        log: () => undefined,
      },
    );
    this.#working.set(input.name, splitter);
    void splitter.start();
  }

  async #positions(): Promise<readonly UptoOfSource[]> {
    if ((await this.#process.request(() => this.#world.log.lastSeq)) === 0) return [];
    const { signal } = new AbortController();
    for (let asked = 0; asked < POSITIONS_WAITED_MAX; asked++) {
      await this.#process.pause(POSITIONS_MS, signal);
      const positions = this.#world.positions();
      if (positions.length > 0) return positions;
    }
    return [];
  }
}
