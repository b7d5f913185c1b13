// The streams of records over the connection to the cluster, opened once for each connection.

import type { NatsConnection } from '../../io/nats.ts';
import { openRecords, type RecordStream } from '../../io/record-stream.ts';
import { managerWithin } from '../../io/stream-access.ts';
import type { JetStreamManager } from '../../io/streams.ts';
import { CLUSTER_STREAM, CONTROL_STREAM } from '../domain/cluster.ts';

/** Time after which a request to the broker counts as unanswered, in ms. */
const REQUEST_MS = 2_000;
/** The same for a renewal of a lease, which must leave time for another. */
const LEASE_REQUEST_MS = 900;

/** What a process of the cluster reaches over one connection. */
export interface Reached {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  /** The records of the cluster. */
  readonly records: RecordStream;
  /** The same, for leases. */
  readonly leases: RecordStream;
  /** The stream of commands, whose last entry stands as a record. */
  readonly control: RecordStream;
}

/** Opens what a connection reaches, and keeps it until there is another. */
export class Reach {
  readonly #connection: () => NatsConnection | null;
  #reached: Reached | null = null;
  #opening: NatsConnection | null = null;

  /** `connection`: the connection; null while it is down. */
  constructor(connection: () => NatsConnection | null) {
    this.#connection = connection;
  }

  /** Null while there is no connection, and for a moment after the first. */
  get now(): Reached | null {
    const connection = this.#connection();
    if (connection === null) return null;
    if (this.#reached?.connection === connection) return this.#reached;
    if (this.#opening !== connection) void this.open();
    return null;
  }

  /** Opens it at once; null if there is no connection. */
  async open(): Promise<Reached | null> {
    const connection = this.#connection();
    if (connection === null) return null;
    if (this.#reached?.connection === connection) return this.#reached;
    this.#opening = connection;
    this.#reached = {
      connection,
      manager: await managerWithin(connection, REQUEST_MS),
      records: openRecords(connection, CLUSTER_STREAM, REQUEST_MS),
      leases: openRecords(connection, CLUSTER_STREAM, LEASE_REQUEST_MS),
      control: openRecords(connection, CONTROL_STREAM, REQUEST_MS),
    };
    return this.#reached;
  }
}
