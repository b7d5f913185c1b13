// The port between the source thread and the ingest thread: messages of each direction arrive in order and a moment
// later, and the writer takes one at a time, batches as slowly as the disk lets it.

import type { IngestPort } from '../../../src/federation/threads/source-loop.ts';
import type { SourcePort } from '../../../src/federation/threads/ingest-loop.ts';
import type { IngestToSource, SourceToIngest } from '../../../src/federation/threads/messages.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedTime } from './simulated-time.ts';

/** From one thread to another, or between any two parts that are a thread apart. */
export const LATENCY_MS = 1;

export class SimulatedPorts {
  /** The source thread's end, and the ingest thread's. */
  readonly ofSource: IngestPort;
  readonly ofIngest: SourcePort;
  readonly #time: SimulatedTime;
  readonly #disk: SimulatedDisk;
  readonly #inbox: SourceToIngest[] = [];
  #isWriterBusy = false;
  #toIngest: (message: SourceToIngest) => void = () => undefined;
  #toSource: (message: IngestToSource) => void = () => undefined;

  /** `told` sees each message of the source at the moment of sending. */
  constructor(time: SimulatedTime, disk: SimulatedDisk, told: (message: SourceToIngest) => void) {
    this.#time = time;
    this.#disk = disk;
    this.ofSource = {
      postMessage: (message) => {
        told(message);
        this.#inbox.push(message);
        this.#deliverSoon();
      },
      on: (_event, heard) => {
        this.#toSource = heard;
      },
      close: () => undefined,
    };
    this.ofIngest = {
      postMessage: (message) => void time.after(LATENCY_MS, () => this.#toSource(message)),
      on: (_event, heard) => {
        this.#toIngest = heard;
      },
      close: () => undefined,
    };
  }

  /** No message of importance is on its way to the writer. */
  get isIdle(): boolean {
    return this.#inbox.every(({ type }) => type === 'reach');
  }

  /** Delivers at once the messages on their way to the writer. */
  deliver(): void {
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) this.#toIngest(next);
  }

  #deliverSoon(): void {
    const next = this.#inbox[0];
    if (next === undefined || this.#isWriterBusy) return;
    this.#isWriterBusy = true;
    const delayMs = next.type === 'batch' ? this.#disk.delayMs : 0;
    this.#time.after(LATENCY_MS + delayMs, () => {
      this.#isWriterBusy = false;
      const due = this.#inbox.shift();
      if (due !== undefined) this.#toIngest(due);
      this.#deliverSoon();
    });
  }
}
