// Reads the stream of operators' commands: all of it at first, then what is added. It knows up to which moment the stream
// has been read, so that no round overtakes a command that concerns it. It applies no command.

import type { Clock } from '../../lib/clock.ts';
import { describe, pause } from '../../io/nats.ts';
import type { StreamEntries, StreamEntry, StreamExtent } from '../../io/stream-entries.ts';
import { CLUSTER_SUBJECTS, CONTROL_DELAY_MS, CONTROL_STREAM, type ControlEntry } from '../domain/cluster.ts';
import { decodeControlEntry, encodeControlEntry } from '../domain/control-entry.ts';
import type { Faults } from './faults.ts';
import { ServerPatience } from './server-patience.ts';

/** A command with the time at which it was given: the broker's, ms since the epoch. */
export interface GivenCommand {
  readonly entry: ControlEntry;
  readonly atMs: number;
}

/** What a {@link ControlInput} needs of its owner. */
export interface ControlInputParts {
  readonly clock: Clock;
  readonly faults: Pick<Faults, 'begin' | 'end'>;
  /** Takes commands in the order of the stream; `isAll`: these are all that the stream holds. */
  commands(entries: readonly GivenCommand[], isAll: boolean): void;
  /** Called when the stream has been read to its end once more. */
  progressed(): void;
  /** Called for each entry that is no command of this version. */
  malformed(): void;
  /** Called if the broker has not answered for too long, and again after as long. */
  unanswered(): void;
  /** Waits between two questions; the program's own if absent. */
  pause?(ms: number, signal: AbortSignal): Promise<void>;
}

/** Entries that the stream may hold: a replica reads them all at its start, and its database keeps them all. */
export const CONTROL_ENTRIES_MAX = 100_000;
/** Time between two questions for new commands, in ms. Much less than {@link CONTROL_DELAY_MS}, so that no round waits. */
export const CONTROL_POLL_MS = 500;
/** Failed questions in a row until they are a fault: the election of a leader takes some seconds. */
const FAILURES_UNTIL_FAULT = 3;
/** Lost entries that are appended between two questions. */
const APPENDED_AT_ONCE = 100;

/** The reader of the commands, over all connections. */
export class ControlInput {
  readonly #parts: ControlInputParts;
  readonly #pollMs: number;
  /** Entries that the stream has lost, by id. */
  readonly #lost = new Map<string, GivenCommand>();
  /** The stream as it was read last; null if it must be read as a whole. */
  #known: { readonly created: string; readonly readSeq: number } | null = null;
  /** The last message read, to recognise a stream that went back; null if there is none. */
  #last: { readonly seq: number; readonly atMs: number } | null = null;
  #isDoubtful = false;
  #readAtMs = -Infinity;
  readonly #patience = new ServerPatience();

  constructor(pollMs: number, parts: ControlInputParts) {
    this.#pollMs = pollMs;
    this.#parts = parts;
  }

  /** True if every command that may concern a round that arrived at `arrivedMs`, on the monotonic clock, was read. */
  covers(arrivedMs: number): boolean {
    return this.#readAtMs > arrivedMs - CONTROL_DELAY_MS;
  }

  /** The stream has lost these entries, oldest first: they are appended again. */
  restore(entries: readonly GivenCommand[]): void {
    for (const given of entries) this.#lost.set(given.entry.id, given);
  }

  /** Reads until `signal` is aborted. The connection may be lost and return meanwhile. */
  async run(stream: StreamEntries, signal: AbortSignal): Promise<void> {
    const { clock, faults, progressed, pause: rest = pause } = this.#parts;
    this.#patience.begin(clock.monotonicMs());
    for (let failures = 0; !signal.aborted; ) {
      const askedMs = clock.monotonicMs();
      try {
        await this.#read(stream);
        this.#readAtMs = askedMs;
        failures = 0;
        faults.end('control');
        progressed();
        await this.#restoreSome(stream);
      } catch (error) {
        failures += 1;
        // Entries may be lost in whatever happens to the brokers now.
        this.#isDoubtful = true;
        if (error instanceof Unreadable || failures >= FAILURES_UNTIL_FAULT)
          faults.begin('control', sentenceOf(error), CONTROL_STREAM);
        this.#noteFailure();
      }
      await rest(this.#pollMs - (clock.monotonicMs() - askedMs), signal);
    }
  }

  #noteFailure(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (!this.#patience.isOver(nowMs)) return;
    this.#patience.answered(nowMs);
    this.#parts.unanswered();
  }

  async #read(stream: StreamEntries): Promise<void> {
    const extent = await stream.extent();
    this.#patience.answered(this.#parts.clock.monotonicMs());
    if (extent === null) {
      this.#known = null;
      throw new Unreadable('it does not exist; the processes of the cluster make it');
    }
    const { created, firstSeq, lastSeq } = extent;
    if (Math.max(extent.count, lastSeq - firstSeq + 1) > CONTROL_ENTRIES_MAX)
      throw new Unreadable(`it holds more than ${CONTROL_ENTRIES_MAX} entries, and a replica reads no more`);
    const isAll = await this.#mustReadAll(stream, extent);
    const from = isAll ? firstSeq : Math.max(firstSeq, (this.#known?.readSeq ?? 0) + 1);
    const messages = await stream.read(Math.max(1, from), lastSeq);
    const entries = messages.flatMap((message) => this.#decode(message));
    if (isAll || entries.length > 0) this.#parts.commands(entries, isAll);
    for (const { entry } of entries) this.#lost.delete(entry.id);
    const last = messages.at(-1);
    if (last !== undefined) this.#last = { seq: last.seq, atMs: last.atMs };
    else if (isAll) this.#last = null;
    this.#known = { created, readSeq: lastSeq };
    this.#isDoubtful = false;
  }

  /** True if the stream is not the one that was read, or has lost its end meanwhile. */
  async #mustReadAll(stream: StreamEntries, { created, lastSeq }: StreamExtent): Promise<boolean> {
    const known = this.#known;
    if (known === null || known.created !== created || lastSeq < known.readSeq) return true;
    const last = this.#last;
    if (!this.#isDoubtful || last === null) return false;
    const [same] = await stream.read(last.seq, last.seq);
    return same?.atMs !== last.atMs;
  }

  #decode({ atMs, bytes }: StreamEntry): readonly GivenCommand[] {
    const entry = decodeControlEntry(bytes);
    if (typeof entry === 'string') {
      this.#parts.malformed();
      return [];
    }
    return [{ entry, atMs: entry.atMs ?? atMs }];
  }

  /** Several replicas may append the same entry: each entry counts once, by its id. */
  async #restoreSome(stream: StreamEntries): Promise<void> {
    for (const { entry, atMs } of [...this.#lost.values()].slice(0, APPENDED_AT_ONCE)) {
      await stream.append(CLUSTER_SUBJECTS.control, encodeControlEntry({ ...entry, atMs }));
      this.#lost.delete(entry.id);
    }
  }
}

/** The stream is there or not, but it cannot be read as it is; the message goes on after the stream's name. */
class Unreadable extends Error {}

function sentenceOf(error: unknown): string {
  const reason = error instanceof Unreadable ? error.message : describe(error);
  return `the commands of operators in the stream ${CONTROL_STREAM} cannot be read, so rounds wait: ${reason}`;
}
