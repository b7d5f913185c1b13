// Appends operators' commands to their stream, and waits until the replicas that are there know them. It applies none: each
// replica does that at the same place of its log.

import { randomUUID } from 'node:crypto';
import { RecordConflict, type RecordStream, type StoredRecord } from '../../io/record-stream.ts';
import type { Clock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import type { Timers } from '../../lib/timers.ts';
import { CLUSTER_SUBJECTS, type ControlCommand, type ControlEntry, type Place } from '../domain/cluster.ts';
import { decodeControlEntry, encodeControlEntry } from '../domain/control-entry.ts';

/** What {@link Commands} needs of its owner. */
export interface CommandsParts {
  /** The name of this replica. */
  readonly replica: string;
  /** The stream of commands; null while there is no connection to the broker. */
  records(): RecordStream | null;
  /** The replicas that were heard within the last 10 s, this one among them. */
  places(): readonly Place[];
  /** The names of replicas that are not heard although they belong to the cluster. */
  absent(): Promise<readonly string[]>;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A command that stands in the stream. */
export interface CommandOutcome {
  /** When it was given: the broker's time, ms since the epoch. */
  readonly atMs: number;
  /** Names of the replicas that did not say in time that they know it. */
  readonly unheard: readonly string[];
}

/** An entry as it stands in the stream. */
interface Stored extends StoredRecord {
  readonly id: string;
}

/** Time in which a command must stand in its stream and replicas must know it, in ms; the operator waits as long. */
const WITHIN_MS = 10_000;
/** Time between two looks, in ms. */
const LOOK_MS = 100;

/** The commands of the operators of this process, one after another. */
export class Commands {
  readonly #parts: CommandsParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: CommandsParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when every replica that is there knows the command, or after 10 s. Errors: `cluster_unreachable` if it could
   * not be stored; then it may still be stored later.
   */
  command(command: ControlCommand): Promise<CommandOutcome> {
    const deadlineMs = this.#parts.clock.monotonicMs() + WITHIN_MS;
    const outcome = this.#last.then(() => this.#append(command, deadlineMs));
    this.#last = outcome.catch(() => undefined);
    return outcome.then((stored) => this.#untilKnown(stored, deadlineMs));
  }

  /** Repeats with the same id: an entry that stands twice counts once. */
  async #append(command: ControlCommand, deadlineMs: number): Promise<Stored> {
    const id = randomUUID();
    while (this.#parts.clock.monotonicMs() < deadlineMs) {
      try {
        const stored = await this.#tryToAppend(id, command);
        if (stored !== null) return { ...stored, id };
      } catch (error) {
        // The broker did not answer; whether the entry stands is found out by reading the last one.
        if (!(error instanceof RecordConflict)) await this.#pause();
      }
    }
    throw new CodedError(
      'cluster_unreachable',
      'The broker did not confirm the command within 10 s: it may be carried out later. Look at the result before you repeat it.',
    );
  }

  /** Null if the entry does not stand yet. */
  async #tryToAppend(id: string, command: ControlCommand): Promise<StoredRecord | null> {
    const records = this.#parts.records();
    if (records === null) {
      await this.#pause();
      return null;
    }
    const last = await records.read(CLUSTER_SUBJECTS.control);
    const previous = idOf(last);
    if (last !== null && previous === id) return last;
    const entry: ControlEntry = { id, previous, by: this.#parts.replica, command };
    const text = Buffer.from(encodeControlEntry(entry)).toString('utf8');
    const seq = await records.write(CLUSTER_SUBJECTS.control, text, last?.seq ?? 0);
    const stored = await records.read(CLUSTER_SUBJECTS.control).catch(() => null);
    return stored?.seq === seq ? stored : { seq, text, atMs: this.#parts.clock.nowMs() };
  }

  async #untilKnown({ id, seq, atMs }: Stored, deadlineMs: number): Promise<CommandOutcome> {
    const { clock, places, absent, records } = this.#parts;
    /** Ids of commands that a replica knows only after this one. */
    const later = new Set([id]);
    const waiting = () => places().filter(({ position }) => !later.has(position.control ?? ''));
    while (waiting().length > 0 && clock.monotonicMs() < deadlineMs) {
      await this.#pause();
      const last = await records()
        ?.read(CLUSTER_SUBJECTS.control)
        .catch(() => null);
      const lastId = idOf(last ?? null);
      if (lastId !== null && (last?.seq ?? 0) > seq) later.add(lastId);
    }
    const late = waiting().map(({ replica }) => replica);
    return { atMs, unheard: [...new Set([...late, ...(await absent())])] };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.timers.after(LOOK_MS, resolve);
    });
  }
}

function idOf(record: StoredRecord | null): string | null {
  const entry = record === null ? 'none' : decodeControlEntry(Buffer.from(record.text));
  return typeof entry === 'string' ? null : entry.id;
}
