// Tells the cluster where this replica is, once a second and in a record, and hears the others. It judges whose rows
// differ and who has the name of this one; it changes nothing by it.

import type { NatsConnection, Subscription } from '../../io/nats.ts';
import type { RecordStream } from '../../io/record-stream.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { ReplicaSight } from '../domain/cluster-status.ts';
import { CLUSTER_SUBJECTS, type Place, type ReplicaPosition } from '../domain/cluster.ts';
import { decodePlace } from '../domain/place.ts';
import { DigestWatch } from './digest-watch.ts';
import { Places } from './places.ts';

/** What {@link Presence} needs of its owner. */
export interface PresenceParts {
  /** What this replica says about itself now. */
  own(): Place;
  connection(): NatsConnection | null;
  /** The records of the cluster; null while there is no connection. */
  records(): RecordStream | null;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
}

/** Time between two messages, in ms. */
const SPEAK_MS = 1_000;
/** Time between two looks whether this replica knows a new command, of which it speaks at once, in ms. */
const LOOK_MS = 100;

/** How a message begins by which a process says that it ends; its id follows. */
const ENDED = 'ended ';
/** Longest message by which a process says that it ends. */
const ENDED_BYTES_MAX = 128;

/** This replica among the others, from its start to its stop. */
export class Presence implements Part {
  readonly #parts: PresenceParts;
  readonly #places = new Places();
  readonly #digests = new DigestWatch();
  readonly #timers: Timer[] = [];
  #subscription: Subscription | null = null;
  #spoke: ReplicaPosition['control'] = null;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { timers } = this.#parts;
    this.#timers.push(
      timers.every(SPEAK_MS, () => this.#speak()),
      timers.every(LOOK_MS, () => {
        if (this.#parts.own().position.control !== this.#spoke) this.#speak();
      }),
    );
    this.#speak();
  }

  /** Tells the others that the process ends, and puts down where the replica was. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    const connection = this.#parts.connection();
    if (connection === null || connection.isClosed()) return;
    const { partition, replica, process } = this.#parts.own();
    connection.publish(CLUSTER_SUBJECTS.position(partition, replica), ENDED + process);
    await this.record().catch(() => undefined);
    this.#subscription?.unsubscribe();
  }

  /** Writes the record of this replica. Rejects if the broker does not take it; then the stream may be gone. */
  async record(): Promise<void> {
    const own = this.#parts.own();
    const subject = CLUSTER_SUBJECTS.place(own.partition, own.replica);
    await this.#parts.records()?.write(subject, JSON.stringify(own), null);
  }

  /** This replica and the others, with those that fell silent. */
  get sights(): readonly ReplicaSight[] {
    return this.#places.sights(this.#parts.own(), this.#parts.clock.monotonicMs());
  }

  /** This replica and the others that were heard within the last 10 s. */
  get there(): readonly Place[] {
    return this.#places.there(this.#parts.own(), this.#parts.clock.monotonicMs());
  }

  /** Other processes with the name of this one. */
  get doubles(): readonly Place[] {
    return this.#places.doubles(this.#parts.own(), this.#parts.clock.monotonicMs());
  }

  /** Names of the replicas of the own partition whose rows differ from the own ones, and that are there. */
  get differing(): readonly string[] {
    const there = new Set(this.there.map(({ replica }) => replica));
    return this.#digests.differing.filter((replica) => there.has(replica));
  }

  #speak(): void {
    const connection = this.#parts.connection();
    const own = this.#parts.own();
    this.#digests.passed(own.position);
    if (connection === null || connection.isClosed()) return;
    this.#listen(connection);
    connection.publish(CLUSTER_SUBJECTS.position(own.partition, own.replica), JSON.stringify(own));
    this.#spoke = own.position.control;
  }

  #listen(connection: NatsConnection): void {
    if (this.#subscription?.isClosed() === false) return;
    this.#subscription = connection.subscribe(CLUSTER_SUBJECTS.positions, {
      callback: (error, { data }) => {
        if (error === null) this.#hear(data);
      },
    });
  }

  #hear(data: Uint8Array): void {
    const text = data.length <= ENDED_BYTES_MAX ? Buffer.from(data).toString('utf8') : '';
    if (text.startsWith(ENDED)) {
      this.#places.ended(text.slice(ENDED.length));
      return;
    }
    const place = decodePlace(data);
    const own = this.#parts.own();
    if (place === null || place.process === own.process) return;
    this.#places.heard(place, this.#parts.clock.monotonicMs());
    if (place.partition !== own.partition) return;
    this.#digests.passed(own.position);
    this.#digests.compare(place);
  }
}
