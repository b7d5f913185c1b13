// The program's door, with a witness that knows the meaning of each message since it was read.

import type { Outcome } from '../../../src/federation/domain/accounting.ts';
import { Door, type DoorParts } from '../../../src/federation/ingest/door.ts';
import type { BatchMessage } from '../../../src/federation/sources/batch.ts';
import { subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import type { ReadMessage, Witness } from './witness.ts';

const indexOf = subjectIndex(false);

/** Messages read, until they come to the door. */
export class ReadMessages {
  readonly #bySeq = new Map<number, ReadMessage>();
  readonly #bySubject = new Map<number, ReadMessage[]>();

  add(message: ReadMessage): void {
    if (message.seq !== null) {
      this.#bySeq.set(message.seq, message);
      return;
    }
    const subject = indexOf(message.subject);
    const queue = this.#bySubject.get(subject);
    if (queue === undefined) this.#bySubject.set(subject, [message]);
    else queue.push(message);
  }

  /** The message of this entry of a batch. On plain NATS the door asks for each once, in the order of reading. */
  find({ seq, subject }: BatchMessage): ReadMessage {
    const read = seq === null ? this.#bySubject.get(subject)?.shift() : this.#bySeq.get(seq);
    if (read === undefined) throw new Error('a message came out of a batch that was never read');
    return read;
  }
}

/** The view of the door that the witness gets. */
export type DoorWitness = Pick<Witness, 'entered' | 'forgot'>;

export class WatchedDoor extends Door {
  readonly #read: ReadMessages;
  readonly #witness: DoorWitness;
  /** Received and not committed, in the order in which they came. */
  #inFlight: ReadMessage[] = [];
  /** How many of them have been judged. */
  #judged = 0;

  constructor(parts: DoorParts, read: ReadMessages, witness: DoorWitness) {
    super(parts);
    this.#read = read;
    this.#witness = witness;
  }

  override receive(message: BatchMessage, nowMs: number): void {
    this.#inFlight.push(this.#read.find(message));
    super.receive(message, nowMs);
  }

  override admit(message: BatchMessage, nowMs: number): Outcome {
    return this.#saw(message, super.admit(message, nowMs));
  }

  override setAside(message: BatchMessage): Outcome {
    return this.#saw(message, super.setAside(message));
  }

  override committed(): void {
    super.committed();
    this.#inFlight.splice(0, this.#judged);
    this.#judged = 0;
  }

  override forget(): void {
    super.forget();
    this.#judged = 0;
    this.#witness.forgot();
  }

  #saw({ observedMs }: BatchMessage, outcome: Outcome): Outcome {
    const read = this.#inFlight[this.#judged++];
    if (read === undefined) throw new Error('a message was judged that was never received');
    this.#witness.entered(read, outcome, observedMs);
    return outcome;
  }
}
