// The cluster of a run: three real brokers, two processes that only split, and two replicas. Each is a real process that
// can be killed, frozen and started again. The stage knows what the replicas say of themselves.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import type { Place } from '../../../../src/federation/domain/cluster.ts';
import { CLUSTER_SUBJECTS } from '../../../../src/federation/domain/cluster.ts';
import { type NatsCluster, startNatsCluster } from '../../../support/nats-cluster.ts';
import { until } from '../../../support/until.ts';
import { PATIENCE_MS } from '../patience.ts';
import { Program } from '../program.ts';

export const REPLICAS = ['one', 'two'] as const;
export type Replica = (typeof REPLICAS)[number];

export interface StageOptions {
  readonly folder: string;
  readonly servers: 1 | 3;
  readonly bin?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Further environment of one process, by its name, in its folder. */
  envOf?(name: string, home: string): Readonly<Record<string, string>>;
}

/** No node becomes stale in a run, and no limit refuses anything, so that an oracle needs no order. */
const SETTINGS = {
  CLUSTER: 'chaos',
  WORKERS: '1',
  PUBLISH_INTERVAL: '1000',
  RETENTION_DAYS: '0',
  RATE_LIMIT_PER_MINUTE: '0',
  NEW_NODES_PER_MINUTE: '0',
  MAX_NODES: '0',
  STALE_AFTER: '3600000',
  OFFLINE_AFTER: '7200000',
  CLUSTER_UNSAFE_BROKER: 'on',
};

/** A place is taken as true for this long after it was heard. */
const HEARD_MS = 3_000;

export class Stage implements AsyncDisposable {
  readonly brokers: NatsCluster;
  readonly replicas: Readonly<Record<Replica, Program>>;
  readonly splitters: readonly [Program, Program];
  /** Connection with the rights of the program, for looking and for faults. */
  readonly connection: NatsConnection;
  readonly #places = new Map<string, { readonly place: Place; readonly atMs: number }>();

  static async start(options: StageOptions): Promise<Stage> {
    const { servers, bin } = options;
    const brokers = await startNatsCluster({ servers, ...(bin === undefined ? {} : { bin }) });
    const connection = await connect({
      servers: [...brokers.urls],
      ...brokers.login,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      inboxPrefix: '_AGG',
    });
    return new Stage(brokers, connection, options);
  }

  private constructor(brokers: NatsCluster, connection: NatsConnection, options: StageOptions) {
    const { folder, settings = {}, envOf } = options;
    this.brokers = brokers;
    this.connection = connection;
    const make = (name: string, own: Readonly<Record<string, string>>) => {
      const home = join(folder, name);
      mkdirSync(home, { recursive: true });
      const env = { ...SETTINGS, ...settings, ...brokers.env, ...own, ...envOf?.(name, home) };
      return new Program(home, env, {});
    };
    this.replicas = {
      one: make('one', { REPLICA: 'one', SPLIT: 'off' }),
      two: make('two', { REPLICA: 'two', SPLIT: 'off' }),
    };
    const split = (name: string) => make(name, { REPLICA: name, SPLIT: 'only' });
    this.splitters = [split('splitter-1'), split('splitter-2')];
    connection.subscribe(CLUSTER_SUBJECTS.positions, {
      callback: (error, message) => {
        if (error !== null) return;
        // A process that ends says so in plain words.
        if (message.data[0] !== '{'.charCodeAt(0)) return;
        const place = message.json<Place>();
        this.#places.set(place.replica, { place, atMs: performance.now() });
      },
    });
  }

  /** Starts every process, and waits until both replicas are ready. */
  async begin(): Promise<void> {
    for (const splitter of this.splitters) splitter.start();
    for (const name of REPLICAS) this.replicas[name].start();
    await this.ready();
  }

  async ready(): Promise<void> {
    for (const name of REPLICAS) await this.replicas[name].ready();
  }

  /** What this replica said last, within the last seconds; null if it was silent. */
  place(replica: Replica): Place | null {
    const heard = this.#places.get(replica);
    return heard === undefined || performance.now() - heard.atMs > HEARD_MS ? null : heard.place;
  }

  /** The replica that publishes. */
  async publisher(): Promise<Replica> {
    return until(
      'a replica to publish',
      () => REPLICAS.find((name) => this.place(name)?.isPublisher === true) ?? null,
      PATIENCE_MS,
    );
  }

  /** Stops everything in order; the brokers go on. */
  async stopPrograms(): Promise<void> {
    await Promise.all(this.splitters.map((splitter) => splitter.stop()));
    await Promise.all(REPLICAS.map((name) => this.replicas[name].stop()));
  }

  get complaints(): readonly string[] {
    return [
      ...this.splitters.flatMap(({ complaints }) => complaints.map((complaint) => `splitter: ${complaint}`)),
      ...REPLICAS.flatMap((name) =>
        this.replicas[name].complaints.map((complaint) => `${name}: ${complaint}`),
      ),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const splitter of this.splitters) await splitter.kill();
    for (const name of REPLICAS) await this.replicas[name].kill();
    await this.connection.close();
    await this.brokers[Symbol.asyncDispose]();
  }
}
