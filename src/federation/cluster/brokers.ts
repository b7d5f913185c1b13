// The nats-servers of the cluster, as the connected one and the streams' own reports name them. It changes nothing at any.

import { findStream, type JetStreamManager, type StreamInfo } from '../../io/streams.ts';
import type { NatsConnection } from '../../io/nats.ts';
import { type Address, probe } from '../../io/embedded-broker/probe.ts';
import type { BrokerSight } from '../domain/cluster-status.ts';

/** Maximum number of servers that are looked at. */
const BROKERS_MAX = 16;
/**
 * A server counts as away if the leader of a stream has not heard it for this long, in ns. The leader itself calls one
 * offline only if its connections have ended, and not if nothing passes over them.
 */
const AWAY_AFTER_NS = 10_000_000_000;

interface Server {
  version: string | null;
  isAway: boolean;
  leads: string[];
}

/** What is known of the servers; each look renews it. */
export class BrokerWatch {
  readonly #streams: readonly string[];
  #servers: ReadonlyMap<string, Server> = new Map();
  #connected: string | null = null;
  /** By name, as the servers themselves said it. */
  readonly #versions = new Map<string, string>();

  /** `streams`: the names of the streams whose leaders and replicas are looked at. */
  constructor(streams: readonly string[]) {
    this.#streams = streams;
  }

  /** The servers by name. */
  get sights(): readonly BrokerSight[] {
    return [...this.#servers]
      .map(([name, server]) => ({ name, ...server, isConnected: name === this.#connected }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A connection was made: the server says its name and version at the login. */
  connected(connection: NatsConnection): void {
    const { server_name: name = '', version = '' } = connection.info ?? {};
    this.#connected = name;
    this.#note(name, version);
    if (!this.#servers.has(name))
      this.#servers = new Map([...this.#servers, [name, { version, isAway: false, leads: [] }]]);
  }

  /**
   * Asks the streams for their leaders and replicas; returns the names of streams that do not exist. Throws if the broker
   * does not answer.
   */
  async look(manager: JetStreamManager): Promise<readonly string[]> {
    const missing: string[] = [];
    const servers = new Map<string, Server>();
    const at = (name: string): Server | null => {
      const known = servers.get(name);
      if (known !== undefined) return known;
      if (name === '' || servers.size >= BROKERS_MAX) return null;
      const server = { version: this.#versions.get(name) ?? null, isAway: false, leads: [] };
      servers.set(name, server);
      return server;
    };
    if (this.#connected !== null) at(this.#connected);
    for (const stream of this.#streams) {
      const info = await findStream(manager, stream);
      if (info === null) missing.push(stream);
      const group = clusterOf(info);
      at(group.leader)?.leads.push(stream);
      for (const { name, isAway } of group.replicas) {
        const server = at(name);
        if (server === null) continue;
        // A stream without a leader knows nothing of its replicas; what its last leader knew stays.
        const isMissed = isAway || (group.leader === '' && (this.#servers.get(name)?.isAway ?? false));
        // The connected one answers, even if it is cut off from a leader.
        if (isMissed && name !== this.#connected) server.isAway = true;
      }
    }
    this.#servers = servers;
    return missing;
  }

  /** Asks the other servers for their versions: each says it to everyone who connects. */
  async askVersions(connection: NatsConnection): Promise<void> {
    const addresses = (connection.info?.connect_urls ?? []).slice(0, BROKERS_MAX).flatMap(addressesOf);
    const findings = await Promise.all(addresses.map(probe));
    for (const finding of findings) if (finding.type === 'nats') this.#note(finding.name, finding.version);
  }

  #note(name: string, version: string): void {
    if (this.#versions.size < BROKERS_MAX || this.#versions.has(name)) this.#versions.set(name, version);
    const server = this.#servers.get(name);
    if (server !== undefined) server.version = version;
  }
}

function clusterOf(info: StreamInfo | null) {
  const { leader = '', replicas = [] } = info?.cluster ?? {};
  return {
    leader,
    replicas: replicas.map(({ name, offline, current, active }) => ({
      name,
      isAway: offline || (!current && active > AWAY_AFTER_NS),
    })),
  };
}

/** The address `host:port`, an IPv6 address in brackets; none if the text is none. */
function addressesOf(text: string): readonly Address[] {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  return match === null ? [] : [{ host: match[1] ?? '', port: Number(match[2]) }];
}
