// The upstreams with their actors and deliveries, wired to the desk: what an upstream tells goes to the journal, the
// desk, its delivery and the log. It decides nothing.

import type { NodeActors } from '../../actors/node-actors.ts';
import type { FailureOutcome } from '../../actors/restart.ts';
import type { Log } from '../../io/log.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { type Part, SideBySide, startAt } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { UpstreamActor } from '../actors/upstream-actor.ts';
import type { MiningConfig, UpstreamConfig } from '../config/config.ts';
import type { Alarm } from '../domain/alarm.ts';
import type { Entry, Journal } from '../domain/facts.ts';
import type { MiningInformation } from '../domain/information.ts';
import { UnassignedAccounts } from '../domain/unassigned-accounts.ts';
import type { DeliveryOutcome } from '../domain/upstream-answer.ts';
import type { UpstreamState } from '../domain/upstream-state.ts';
import { Delivery } from '../sinks/delivery.ts';
import type { UpstreamOptions } from '../sinks/upstream-client.ts';
import { UpstreamSet } from '../sinks/upstream-set.ts';
import type { StoredInformation } from './messages.ts';

/** Attempts that may be under way at one upstream. */
export const ATTEMPTS_UNDER_WAY_MAX = 16;

/** What an {@link UpstreamSide} needs of the main thread. */
export interface UpstreamSideParts {
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  readonly journal: Pick<Journal, 'note'>;
  readonly actors: Pick<NodeActors, 'takeIn' | 'letGo'>;
  isMinerActive(): boolean;
  /** The last informations from before the start. */
  readonly stored: readonly StoredInformation[];
  /** The blocks of the upstreams changed, or which one is active. */
  blocksChanged(): void;
  settled(entry: Entry, outcome: DeliveryOutcome): void;
  actorFailed(outcome: FailureOutcome): void;
  alarm(alarm: Alarm): void;
}

/** All upstreams and their deliveries. */
export class UpstreamSide implements Part {
  readonly set: UpstreamSet;
  readonly #parts: UpstreamSideParts;
  readonly #deliveries = new Map<string, Delivery>();
  readonly #started = new AsyncDisposableStack();
  readonly #unassigned = new UnassignedAccounts();
  #blockTimeSecs: number;

  constructor(config: MiningConfig, parts: UpstreamSideParts) {
    this.#parts = parts;
    this.#blockTimeSecs = config.blockTimeSecs;
    for (const upstream of config.upstreams) this.#addDelivery(upstream);
    const { informationTtlMs: ttlMs, requestTimeoutMs: timeoutMs } = config.cache;
    this.set = new UpstreamSet(
      config.upstreams.map((upstream) => this.#optionsOf(upstream)),
      { ttlMs, timeoutMs, choose: config.choose },
      {
        clock: systemClock,
        timers: systemTimers,
        isMinerActive: () => parts.isMinerActive(),
        judge: (name) => this.#judge(name),
        dismissed: (name) => parts.actors.letGo(`upstream ${name}`),
        restored: (name) => parts.stored.find(({ upstream }) => upstream === name) ?? null,
        informationChanged: (name, information, isNewBlock, isActive) =>
          this.#informationChanged(name, information, isNewBlock, isActive),
        stateChanged: (name, from, to, reason) => this.#stateChanged(name, from, to, reason),
        operatorNeeded: (name, reason, text) => this.#operatorNeeded(name, reason, text),
        back: (name, wasAway) => this.#deliveries.get(name)?.back(wasAway ? 'connection' : 'failures'),
        refreshed: (name) => {
          parts.blocksChanged();
          this.#deliveries.get(name)?.refreshed();
        },
        activeChanged: (from, to) => this.#activeChanged(from, to),
      },
    );
  }

  /** Does not wait for an information. */
  async start(): Promise<void> {
    const deliveries = this.#started.use(new SideBySide());
    for (const delivery of this.#deliveries.values()) await startAt(deliveries, delivery);
    await startAt(this.#started, this.set);
  }

  stop(): Promise<void> {
    return this.#started.disposeAsync();
  }

  /** Takes other fallbacks while the program runs. A delivery that goes keeps nothing: its queue is on the disk. */
  async change(config: MiningConfig): Promise<void> {
    this.#blockTimeSecs = config.blockTimeSecs;
    const names = new Set(config.upstreams.map(({ name }) => name));
    for (const upstream of config.upstreams) {
      if (!this.#deliveries.has(upstream.name)) await this.#addDelivery(upstream)?.start();
    }
    const options = config.upstreams.map((upstream) => this.#optionsOf(upstream));
    await this.set.replace(options, config.choose);
    for (const [name, delivery] of this.#deliveries) {
      if (names.has(name)) continue;
      this.#deliveries.delete(name);
      await delivery.stop();
    }
    this.#parts.blocksChanged();
  }

  /** The delivery of the upstream with this name. */
  deliveryOf(name: string): Delivery | undefined {
    return this.#deliveries.get(name);
  }

  #optionsOf({ name, url, auth, mode }: UpstreamConfig): UpstreamOptions {
    return { name, url, auth, mode, blockTimeSeconds: this.#blockTimeSecs };
  }

  #addDelivery({ name, mode }: UpstreamConfig): Delivery {
    const delivery = new Delivery(
      { upstream: name, mode, concurrency: ATTEMPTS_UNDER_WAY_MAX },
      {
        send: (submission) => this.set.submit(name, submission),
        refresh: () => this.set.refresh(name),
        settled: (entry, outcome) => this.#settled(entry, outcome),
        clock: systemClock,
        timers: systemTimers,
        random: randomShare,
      },
    );
    this.#deliveries.set(name, delivery);
    return delivery;
  }

  #settled(entry: Entry, outcome: DeliveryOutcome): void {
    const alarm = this.#unassigned.settled(entry, outcome, systemClock.nowMs());
    if (alarm !== null) this.#parts.alarm(alarm);
    this.#parts.settled(entry, outcome);
  }

  #judge(name: string): UpstreamActor {
    const actor = new UpstreamActor(name, systemClock.monotonicMs(), {
      failed: (outcome, error) => {
        this.#parts.actorFailed(outcome);
        this.#parts.log.error(
          `upstreams: the actor of ${JSON.stringify(name)} failed, which is a defect of the program; please report it`,
          { error },
        );
      },
    });
    this.#parts.actors.takeIn(actor);
    return actor;
  }

  #informationChanged(
    upstream: string,
    information: MiningInformation,
    isNewBlock: boolean,
    isActive: boolean,
  ): void {
    const atMs = systemClock.nowMs();
    this.#parts.journal.note([{ type: 'information', atMs, upstream, information, isNewBlock, isActive }]);
    this.#parts.blocksChanged();
  }

  #stateChanged(name: string, from: UpstreamState, to: UpstreamState, reason: string | null): void {
    const why = reason === null ? '' : `: ${reason}`;
    const sentence = `upstreams: ${JSON.stringify(name)} is ${to}, before it was ${from}${why}`;
    this.#parts.log[to === 'ready' ? 'info' : 'warn'](sentence);
    this.#parts.alarm({
      type: 'upstream_state',
      atMs: systemClock.nowMs(),
      upstream: name,
      from,
      to,
      reason,
    });
  }

  #operatorNeeded(name: string, reason: string, text: string): void {
    this.#parts.log.error(`upstreams: ${JSON.stringify(name)} needs its operator: ${reason}`);
    this.#parts.alarm({ type: 'operator', atMs: systemClock.nowMs(), upstream: name, text });
  }

  #activeChanged(from: string, to: string): void {
    const sentence = `upstreams: miners are served from ${JSON.stringify(to)}, no longer from ${JSON.stringify(from)}`;
    this.#parts.log.warn(sentence);
    this.#parts.alarm({ type: 'upstream_changed', atMs: systemClock.nowMs(), from, to });
    const information = this.set.informationOf(to);
    if (information !== null) {
      const atMs = systemClock.nowMs();
      this.#parts.journal.note([
        { type: 'information', atMs, upstream: to, information, isNewBlock: false, isActive: true },
      ]);
    }
    this.#parts.blocksChanged();
  }
}
