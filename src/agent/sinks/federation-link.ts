// The agent's side of the broker, put together: one connection at a time, what leaves over it, and what is heard. It
// carries out what the actor of the connection decides, and keeps nothing on the disk.

import { MinuteLog } from '../../io/minute-log.ts';
import { connectOnce, type Msg } from '../../io/nats.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import type { Part } from '../../lib/part.ts';
import type { Timer } from '../../lib/timers.ts';
import type { ConnectionCommand, ConnectionSignal } from '../domain/connection-state.ts';
import type { JoinReply } from '../domain/join-reply.ts';
import type { OutboundType, PresenceType } from '../domain/messages.ts';
import type { StatisticsOutcome } from '../domain/network-statistics.ts';
import { Pace } from '../domain/pace.ts';
import type { LinkView, MessageCount } from '../domain/view.ts';
import { Channel, type Dial } from './channel.ts';
import { Joining } from './join.ts';
import { Listeners } from './listeners.ts';
import { Membership } from './membership.ts';
import { Presence } from './presence.ts';
import type { FederationLinkOptions, FederationLinkParts } from './link-options.ts';
import { plainReason, reasonOf } from './reason.ts';
import type { RoundEnd } from './round.ts';
import { SendCounts } from './send-counts.ts';
import { Sender } from './sender.ts';
import { Signing } from './signing.ts';
import { STATISTICS_SUBJECT, StatisticsFeed } from './statistics-feed.ts';

export type { FederationLinkOptions, FederationLinkParts, LinkEvent } from './link-options.ts';

/** The whole of what the agent has to do with the broker. */
export class FederationLink implements Part {
  readonly #options: FederationLinkOptions;
  readonly #parts: FederationLinkParts;
  readonly #log: MinuteLog;
  readonly #pace: Pace;
  readonly #membership: Membership;
  readonly #presence: Presence;
  readonly #joining: Joining;
  readonly #feed: StatisticsFeed;
  readonly #sender: Sender;
  readonly #sends = new SendCounts();
  readonly #listeners = new Listeners();
  #channel: Channel | null = null;
  #waitTimer: Timer | null = null;
  #restTimer: Timer | null = null;
  #reason: string | null = null;
  #connections = 0;
  #isStopped = false;

  constructor(options: FederationLinkOptions, parts: FederationLinkParts) {
    const { nodeId, place, apiKey, window } = options;
    const { clock, timers, outbox, judge } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#log = new MinuteLog(parts.log, clock);
    this.#membership = new Membership(options, {
      log: this.#log,
      saltChanged: (salt) => parts.saltChanged(salt),
      keyPinned: (key) => parts.keyPinned(key),
    });
    this.#pace = new Pace(this.#membership.ratePerMinute);
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
      failed: (problem) => this.#membership.notJoined(problem),
      ended: () => {
        this.#tell({ type: 'joined' });
        this.#parts.happened?.({ type: 'joined', problem: this.#joining.problem });
      },
    });
    this.#feed = new StatisticsFeed(options.statistics, {
      clock,
      key: () => this.#membership.key,
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
    if (options.hearsStatistics) this.subscribe(STATISTICS_SUBJECT, (message) => this.#heard(message));
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
    return this.#membership.salt;
  }

  /** The key whose signatures of statistics count; null if none is known. */
  get statisticsKey(): PublicJwk | null {
    return this.#membership.key;
  }

  /** Another key than the pinned one that the aggregator names now; null if there is none. */
  get offeredKey(): PublicJwk | null {
    return this.#membership.offeredKey;
  }

  /** Accepts the offered key. False if none is offered. */
  trust(): boolean {
    return this.#membership.trust();
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
    return this.#listeners.add(subject, heard, this.#openChannel());
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
      saltFrom: this.#membership.saltFrom,
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
    this.#listeners.moveTo(channel);
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

  /** Another key may mean another aggregator, which has another salt and pace as well. A setting leaves nothing to ask. */
  #heard(message: Msg): void {
    const outcome = this.#feed.heard(message);
    if (outcome === 'bad_signature' && this.#options.statsKey === null) this.#joining.askAgain();
  }

  #replied(reply: JoinReply): void {
    this.#presence.intervalMs = reply.heartbeatIntervalMs;
    this.#membership.replied(reply);
    this.#pace.perMinute = this.#membership.ratePerMinute;
    this.#sender.wake();
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
