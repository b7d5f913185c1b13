// What the owner of a FederationLink hands it, and what it tells its owner. Types only.

import type { Log } from '../../io/log.ts';
import type { NatsOptions } from '../../io/nats.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Timers } from '../../lib/timers.ts';
import type { ConnectionJudge } from '../domain/connection-state.ts';
import type { NodeCounts, Outbox, OutboundType, SentWindow } from '../domain/messages.ts';
import type { ShortPeriod, StatisticsRow } from '../domain/network-statistics.ts';
import type { Dial } from './channel.ts';
import type { Place } from './presence.ts';

/** What is known at the start. */
export interface FederationLinkOptions {
  /** How the broker names the connection; not the node id, which every user of a broker's monitoring could read. */
  readonly name: string;
  readonly nats: NatsOptions;
  readonly nodeId: string;
  readonly place: Place;
  /** 43 characters; null: nothing is signed. */
  readonly apiKey: string | null;
  /** `FEDERATION_SALT`. */
  readonly salt: string | null;
  /** The salt that an earlier process kept. */
  readonly keptSalt: string | null;
  /** `FEDERATION_STATS_KEY`. */
  readonly statsKey: PublicJwk | null;
  /** The key that was pinned by an earlier process. */
  readonly pinnedKey: PublicJwk | null;
  /** `AGENT_RATE`, messages a minute. */
  readonly rate: number | null;
  /** What left within the last minute. */
  readonly window: SentWindow;
  /** The statistics that an earlier process kept. */
  readonly statistics: StatisticsRow | null;
  /** False: no connection is ever made. */
  readonly isEnabled: boolean;
  /** False: no presence is made here; the owner hands it over with `putPresence`. */
  readonly hasPresence: boolean;
  /** False: no request to join is made. */
  readonly asksToJoin: boolean;
  /** False: the statistics are not subscribed to. */
  readonly hearsStatistics: boolean;
}

/** What happens, for an owner that tells others. */
export type LinkEvent =
  | { readonly type: 'connected'; readonly server: string | null; readonly isFirst: boolean }
  | { readonly type: 'disconnected'; readonly reason: string | null }
  | { readonly type: 'reconnecting' }
  | { readonly type: 'published'; readonly types: readonly OutboundType[] }
  /** A round has ended, whatever became of it, and the outbox knows. */
  | { readonly type: 'sent' }
  /** The first request to join of a connection has ended; null: it was answered. */
  | { readonly type: 'joined'; readonly problem: string | null }
  /** The broker does not allow a subscription; null: it does not say which one. */
  | { readonly type: 'deaf'; readonly subject: string | null }
  | { readonly type: 'failed'; readonly reason: string };

/** What a {@link FederationLink} needs of its owner. */
export interface FederationLinkParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly timers: Timers;
  /** From 0 (included) to 1 (excluded). */
  random(): number;
  /** The actor of the connection, under the supervisor. */
  readonly judge: ConnectionJudge;
  readonly outbox: Outbox;
  /** The node's own work, for heartbeats. */
  counts(): NodeCounts;
  isSourceReadable(): boolean;
  /** Another salt is in use from now on, and is to be kept. */
  saltChanged(salt: string): void;
  /** This key signs the statistics from now on, and is to be kept. */
  keyPinned(key: PublicJwk): void;
  /** Newer statistics of everything: the row to keep. */
  statistics(row: StatisticsRow): void;
  /** Newer statistics of a shorter period, for the memory only. */
  periodStatistics(period: ShortPeriod, row: StatisticsRow): void;
  happened?(event: LinkEvent): void;
  /** Makes one attempt to connect; tests and owners with another transport hand in their own. */
  readonly dial?: Dial;
}
