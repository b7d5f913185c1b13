// A state, sources and the reader's loop on one clock that the test moves.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { QueuedMessage } from '../../../src/agent/domain/messages.ts';
import { ReaderLoop, type ReaderLoopSettings } from '../../../src/agent/ingest/reader-loop.ts';
import type { StateGuard } from '../../../src/agent/ingest/step-commits.ts';
import { type AgentState, openState } from '../../../src/agent/store/open-state.ts';
import { StoredOutbox } from '../../../src/agent/store/stored-outbox.ts';
import { ManualTime } from '../../support/manual-time.ts';
import type { PlainSource } from './plain-source.ts';

export const SALT = 'f'.repeat(64);

export interface ReadingOptions extends Partial<ReaderLoopSettings> {
  readonly path?: string | null;
  readonly time?: ManualTime;
  readonly salt?: string | null;
  readonly factsMax?: number;
}

/** A guard that remembers the errors it was told. */
export class PlainGuard implements StateGuard {
  isSpaceLow = false;
  errors: unknown[] = [];
  recoveries = 0;
  check(): void {
    // The test keeps its files.
  }
  written(): void {
    // Nothing to note.
  }
  failed(error: unknown): void {
    this.errors.push(error);
  }
  recovered(): void {
    this.recoveries++;
  }
  makeRoom(): void {
    // There is no file.
  }
}

/** Everything that reads. */
export class Reading {
  readonly time: ManualTime;
  readonly state: AgentState;
  readonly loop: ReaderLoop;
  readonly outbox: StoredOutbox;
  readonly guard = new PlainGuard();
  readonly #sources: readonly PlainSource[];

  constructor(makeSources: (state: AgentState) => readonly PlainSource[], options: ReadingOptions = {}) {
    const { path = null, time = new ManualTime(), salt = SALT, factsMax, ...settings } = options;
    this.time = time;
    this.state = openState({ path, nowMs: time.nowMs(), ...(factsMax === undefined ? {} : { factsMax }) });
    const { writer } = this.state;
    if (salt !== null && writer.salt === null) writer.change(() => writer.setSalt(salt), false);
    this.#sources = makeSources(this.state);
    this.loop = new ReaderLoop({
      settings: {
        history: 'all',
        pollIntervalMs: 1_000,
        outcomeWaitMs: 10_000,
        queueMax: 10_000,
        ...settings,
      },
      store: writer,
      sources: this.#sources,
      guard: this.guard,
      clock: time,
      timers: time,
      identity: () => writer.identity,
      salt: () => writer.salt,
    });
    this.outbox = new StoredOutbox({
      writer,
      settle: () => this.loop.settle(),
      failed: (error) => this.loop.failed(error),
      roomMade: () => this.loop.wake(),
    });
  }

  /** Starts, and reads until the loop rests. */
  async start(): Promise<this> {
    await this.loop.start();
    await this.rest();
    return this;
  }

  /** Resolves when the loop waits for time to pass. */
  async rest(): Promise<void> {
    do await nextTurn();
    while (this.time.timers === 0);
  }

  /** Moves time on, and reads what there is to read. */
  async advance(byMs: number): Promise<void> {
    await this.time.advance(byMs, () => this.rest());
  }

  /** Takes everything that waits, and confirms it. */
  async drain(): Promise<readonly QueuedMessage[]> {
    const all: QueuedMessage[] = [];
    for (;;) {
      const messages = await this.outbox.take(50, this.time.nowMs(), []);
      if (messages.length === 0) return all;
      all.push(...messages);
      await this.outbox.confirmed(messages.map(({ id }) => id));
      await this.rest();
    }
  }

  async stop(): Promise<void> {
    await this.loop.stop();
    this.state.close(true, () => undefined);
  }

  /** The process dies here: what was not committed is lost. */
  kill(): void {
    for (const source of this.#sources) source.freeze();
    this.loop.wake();
    if (this.state.writer.isOpen) this.state.writer.rollback();
    this.state.close(false, () => undefined);
  }
}

/** The parsed `data` of a message, with its type. */
export function dataOf({ payload }: QueuedMessage): Readonly<Record<string, unknown>> {
  const envelope = JSON.parse(payload) as { type: string; data: Record<string, unknown> };
  return { type: envelope.type, ...envelope.data };
}
