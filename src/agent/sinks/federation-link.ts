// The agent's side of the broker, put together: one connection at a time, what leaves over it, and what is heard. It
// carries out what the actor of the connection decides, and keeps nothing on the disk.

import type { Log } from '../../io/log.ts';
import { MinuteLog } from '../../io/minute-log.ts';
import { connectOnce, type Msg, type NatsOptions } from '../../io/nats.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer, Timers } from '../../lib/timers.ts';
import type { ConnectionCommand, ConnectionJudge, ConnectionSignal } from '../domain/connection-state.ts';
import type { JoinReply } from '../domain/join-reply.ts';
import type { NodeCounts, Outbox, OutboundType, PresenceType, SentWindow } from '../domain/messages.ts';
import type { ShortPeriod, StatisticsOutcome, StatisticsRow } from '../domain/network-statistics.ts';
import { Pace, ratePerMinute } from '../domain/pace.ts';
import { StatisticsKey } from '../domain/statistics-key.ts';
import type { LinkView, MessageCount } from '../domain/view.ts';
import { Channel, type Dial } from './channel.ts';
import { Joining } from './join.ts';
import { type Place, Presence } from './presence.ts';
import { plainReason, reasonOf } from './reason.ts';
import type { RoundEnd } from './round.ts';
import { Salt } from './salt.ts';
import { SendCounts } from './send-counts.ts';
import { Sender } from './sender.ts';
import { Signing } from './signing.ts';
import { STATISTICS_SUBJECT, StatisticsFeed } from './statistics-feed.ts';

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

/** A subscription that is made again on each connection. */
interface Listener {
  readonly subject: string;
  readonly heard: (message: Msg) => void;
  end: () => void;
}

/** The whole of what the agent has to do with the broker. */
export class FederationLink implements Part {
  readonly #options: FederationLinkOptions;
  readonly #parts: FederationLinkParts;
  readonly #log: MinuteLog;
  readonly #pace: Pace;
  readonly #key: StatisticsKey;
  readonly #salt: Salt;
  readonly #presence: Presence;
  readonly #joining: Joining;
  readonly #feed: StatisticsFeed;
  readonly #sender: Sender;
  readonly #sends = new SendCounts();
  readonly #listeners = new Set<Listener>();
  #channel: Channel | null = null;
  #waitTimer: Timer | null = null;
  #restTimer: Timer | null = null;
  #reason: string | null = null;
  #connections = 0;
  #toldRate: number | null = null;
  #isStopped = false;

  constructor(options: FederationLinkOptions, parts: FederationLinkParts) {
    const { nodeId, place, apiKey, window, rate } = options;
    const { clock, timers, outbox, judge } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#log = new MinuteLog(parts.log, clock);
    this.#key = new StatisticsKey(options.statsKey, options.pinnedKey);
    this.#salt = new Salt(options.salt, options.keptSalt);
    this.#pace = new Pace(ratePerMinute(rate, null));
    this.#pace.restore(window, clock.nowMs(), clock.monotonicMs());
    const signing = apiKey === null ? null : new Signing(apiKey);
    const random = () => parts.random();
    this.#presence = new Presence(
      { nodeId, place, isAutomatic: options.hasPresence },
      {
        clock,
        timers,
        random,
        counts: () => parts.counts(),
        isSourceReadable: () => parts.isSourceReadable(),
        wake: () => this.wake(),
      },
    );
    this.#joining = new Joining({
      signing,
      timers,
      random,
      replied: (reply) => this.#replied(reply),
      failed: (problem) => this.#notJoined(problem),
      ended: () => {
        this.#tell({ type: 'joined' });
        this.#parts.happened?.({ type: 'joined', problem: this.#joining.problem });
      },
    });
    this.#feed = new StatisticsFeed(options.statistics, {
      clock,
      key: () => this.#key.known,
      statistics: (row) => parts.statistics(row),
      periodStatistics: (period, row) => parts.periodStatistics(period, row),
    });
    this.#sender = new Sender({
      nodeId,
      outbox,
      signing,
      judge,
      clock,
      timers,
      pace: this.#pace,
      presence: this.#presence,
      counts: this.#sends,
      log: this.#log,
      channel: () => this.#openChannel(),
      ended: (end, confirmed) => this.#roundEnded(end, confirmed),
    });
    if (options.hearsStatistics) this.subscribe(STATISTICS_SUBJECT, (message) => this.#feed.heard(message));
  }

  /** Starts connecting, which may take any time; everything else follows from that. */
  async start(): Promise<void> {
    if (!this.#options.isEnabled) return;
    this.#sender.start();
    this.#tell({ type: 'start' });
  }

  /** Waits for the round under way, says that the node leaves, and closes the connection; within a little over 2 s. */
  async stop(): Promise<void> {
    if (this.#options.isEnabled) await this.#sender.stop();
    this.#isStopped = true;
    this.#waitTimer?.cancel();
    this.#restTimer?.cancel();
    this.#presence.rest();
    this.#joining.rest();
    const channel = this.#channel;
    this.#tell({ type: 'stop' });
    await channel?.close();
  }

  /** New messages wait in the outbox. */
  wake(): void {
    this.#sender.wake();
  }

  /** The salt in use, 64 hex digits; null if none is known. */
  get salt(): string | null {
    return this.#salt.value;
  }

  /** Another key than the pinned one that the aggregator names now; null if there is none. */
  get offeredKey(): PublicJwk | null {
    return this.#key.offered;
  }

  /** Accepts the offered key. False if none is offered. */
  trust(): boolean {
    const key = this.#key.trust();
    if (key !== null) this.#parts.keyPinned(key);
    return key !== null;
  }

  /** Hands over a message of presence; only where none is made here. It replaces a waiting one of its type. */
  putPresence(type: PresenceType, payload: string): void {
    this.#presence.put(type, payload);
  }

  /** Messages of presence that wait to be sent and that the broker does not forbid. */
  get waitingPresence(): number {
    const forbidden = this.#openChannel()?.forbidden;
    return this.#presence.wanted(false).filter((type) => forbidden?.has(type) !== true).length;
  }

  /** True while messages are on their way to the broker, until the outbox knows what became of them. */
  get isSending(): boolean {
    return this.#sender.isSending;
  }

  /** Calls `heard` for each message on the subject, on this connection and on later ones, until it is called off. */
  subscribe(subject: string, heard: (message: Msg) => void): () => void {
    const listener: Listener = { subject, heard, end: () => undefined };
    this.#listeners.add(listener);
    const channel = this.#openChannel();
    if (channel !== null) listener.end = channel.subscribe(subject, heard);
    return () => {
      this.#listeners.delete(listener);
      listener.end();
    };
  }

  /** The state of the connection. */
  view(): LinkView {
    const channel = this.#openChannel();
    return {
      isConnected: channel !== null,
      server: channel?.server ?? null,
      reason: this.#reason,
      breaker: this.#parts.judge.breaker,
      reconnections: Math.max(0, this.#connections - 1),
      subscriptions: channel?.subscriptions ?? 0,
      forbidden: [...(channel?.forbidden ?? [])],
      saltFrom: this.#salt.from,
      hasJoined: this.#joining.hasJoined,
      joinProblem: this.#joining.problem,
      ratePerMinute: this.#pace.perMinute,
      heartbeatIntervalMs: this.#presence.intervalMs,
      lastHeartbeatMs: this.#presence.lastHeartbeatMs,
    };
  }

  /** Messages since the start, by type and outcome. */
  messageCounts(): readonly MessageCount[] {
    return this.#sends.list();
  }

  /** Messages of statistics since the start, by outcome. */
  statisticsCounts(): Readonly<Record<StatisticsOutcome, number>> {
    return this.#feed.counts;
  }

  #openChannel(): Channel | null {
    return this.#channel?.isOpen === true ? this.#channel : null;
  }

  #tell(signal: ConnectionSignal): void {
    for (const command of this.#parts.judge.tell(signal)) this.#carryOut(command);
    this.#sender.wake();
  }

  #carryOut(command: ConnectionCommand): void {
    const { timers } = this.#parts;
    switch (command.type) {
      case 'wait':
        this.#waitTimer = timers.after(command.ms, () => this.#tell({ type: 'due' }));
        return;
      case 'dial':
        void this.#dial();
        return;
      case 'beat':
        this.#presence.beat();
        return;
      case 'join':
        this.#join();
        return;
      case 'rest':
        this.#log.say(
          'warn',
          'breaker',
          'sending: the broker does not confirm; nothing is sent for a minute',
        );
        this.#restTimer = timers.after(command.ms, () => this.#tell({ type: 'rested' }));
        return;
      case 'close':
        void this.#channel?.close();
        this.#channel = null;
        return;
    }
  }

  async #dial(): Promise<void> {
    const { name, nats } = this.#options;
    const dial: Dial = this.#parts.dial ?? ((events) => connectOnce(name, nats, events));
    const channel = new Channel({
      ended: (reason) => this.#lost(channel, reason),
      deaf: (subject) => this.#deaf(subject),
    });
    if (this.#connections > 0) this.#parts.happened?.({ type: 'reconnecting' });
    try {
      await channel.open(dial);
    } catch (error) {
      if (!this.#isStopped) this.#unreachable(reasonOf(error));
      return;
    }
    this.#channel = channel;
    if (this.#isStopped) {
      this.#tell({ type: 'connected' });
      return;
    }
    this.#connected(channel);
  }

  #connected(channel: Channel): void {
    this.#connections += 1;
    this.#reason = null;
    const { server } = channel;
    this.#log.say('info', 'connected', 'broker: connected', { server });
    for (const listener of this.#listeners)
      listener.end = channel.subscribe(listener.subject, listener.heard);
    this.#tell({ type: 'connected' });
    this.#parts.happened?.({ type: 'connected', server, isFirst: this.#connections === 1 });
  }

  #unreachable(reason: string): void {
    if (reason !== this.#reason) {
      this.#log.say('warn', 'unreachable', `broker: no connection (${reason}); trying for ever`);
    }
    this.#reason = reason;
    this.#parts.happened?.({ type: 'failed', reason });
    this.#tell({ type: 'unreachable', random: this.#parts.random() });
  }

  #lost(channel: Channel, reason: string | null): void {
    if (this.#channel !== channel) return;
    this.#channel = null;
    this.#reason = reason === null ? 'the connection ended' : plainReason(reason);
    this.#presence.rest();
    this.#joining.rest();
    this.#log.say('warn', 'lost', `broker: the connection was lost (${this.#reason})`);
    this.#tell({ type: 'lost', random: this.#parts.random() });
    this.#parts.happened?.({ type: 'disconnected', reason: this.#reason });
  }

  #deaf(subject: string | null): void {
    const what = subject === STATISTICS_SUBJECT ? STATISTICS_SUBJECT : 'a subject';
    this.#log.say('warn', `deaf ${what}`, `broker: it does not let this node subscribe to ${what}`);
    this.#parts.happened?.({ type: 'deaf', subject });
  }

  #join(): void {
    const connection = this.#channel?.connection ?? null;
    if (connection !== null && this.#options.asksToJoin) this.#joining.begin(connection);
    else this.#tell({ type: 'joined' });
  }

  #replied(reply: JoinReply): void {
    this.#presence.intervalMs = reply.heartbeatIntervalMs;
    this.#toldRate = reply.ratePerMinute ?? this.#toldRate;
    this.#pace.perMinute = ratePerMinute(this.#options.rate, this.#toldRate);
    const { aggregatorId } = reply;
    this.#log.say('info', 'joined', 'join: the aggregator answered', {
      aggregatorId,
      rate: this.#pace.perMinute,
    });
    this.#takeSalt(reply.salt);
    if (reply.statsKey !== null) this.#takeKey(reply.statsKey);
    this.#sender.wake();
  }

  #takeSalt(salt: string): void {
    const news = this.#salt.told(salt);
    if (news === 'changed') {
      const sentence = 'join: the federation has another salt than before; what was sent is not sent again';
      this.#log.say('warn', 'salt', sentence);
    }
    if (news === 'not_the_setting') {
      const sentence =
        'join: the federation has another salt than FEDERATION_SALT, so tasks of this node are not recognised as those of others';
      this.#log.say('warn', 'salt', sentence);
    }
    if (news === 'changed' || news === 'first') this.#parts.saltChanged(salt);
  }

  #takeKey(key: PublicJwk): void {
    const news = this.#key.told(key);
    if (news === 'pinned') this.#parts.keyPinned(key);
    if (news === 'offered') {
      const sentence =
        'join: the aggregator names another key for its statistics than the pinned one; statistics signed with it are refused until you run `agent trust`';
      this.#log.say('warn', 'key', sentence, { key: key.kid });
    }
    if (news === 'not_the_setting') {
      this.#log.say('warn', 'key', 'join: the aggregator names another key than FEDERATION_STATS_KEY', {
        key: key.kid,
      });
    }
  }

  #notJoined(problem: string): void {
    const isSalted = this.#salt.value !== null;
    const outcome = isSalted ? '' : '; no salt is known, so only presence is sent, and the sources wait';
    this.#log.say(isSalted ? 'info' : 'warn', 'join', `join: ${problem}${outcome}; asking again`);
  }

  #roundEnded(end: RoundEnd, confirmed: readonly OutboundType[]): void {
    if (confirmed.length > 0) this.#parts.happened?.({ type: 'published', types: confirmed });
    if (end === 'there') this.#tell({ type: 'sent' });
    if (end === 'late' || end === 'thrown') {
      const why = end === 'late' ? 'the broker did not confirm in time' : 'the client did not take a message';
      this.#log.say('warn', `unsent ${end}`, `sending: ${why}; the messages are sent again`);
      this.#tell({ type: 'unsent', random: this.#parts.random() });
    }
    this.#parts.happened?.({ type: 'sent' });
  }
}
