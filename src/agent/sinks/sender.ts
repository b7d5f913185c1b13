// Sends what waits: presence, then new facts, then history (docs/agent.md#sending). It sends in rounds of at most 60
// messages and one round at a time, so no more than that can be repeated after a crash. A message leaves the outbox only
// when the broker has confirmed it. It makes no connection and no heartbeat.

import type { MinuteLog } from '../../io/minute-log.ts';
import type { Clock } from '../../lib/clock.ts';
import { errorCode } from '../../lib/error-code.ts';
import type { Timers } from '../../lib/timers.ts';
import type { ConnectionJudge } from '../domain/connection-state.ts';
import { checkOutbound } from '../domain/gate.ts';
import {
  FACT_TYPES,
  type FactType,
  type Outbox,
  type OutboundType,
  type PresenceType,
} from '../domain/messages.ts';
import type { Pace } from '../domain/pace.ts';
import type { Channel } from './channel.ts';
import type { Presence } from './presence.ts';
import { type Outgoing, type RoundEnd, sendTogether } from './round.ts';
import type { SendCounts } from './send-counts.ts';
import type { Signing } from './signing.ts';

/** Messages that are sent and not confirmed. */
export const IN_FLIGHT_MAX = 60;
/** A broker that does not confirm within this time fails. */
export const CONFIRM_MS = 5_000;
/** Time before an operation of the outbox is tried again that failed, for example because the disk is full. */
const OUTBOX_AGAIN_MS = 1_000;
/** Time at the end for the round under way and `node_left`, in all. */
export const LEAVE_MS = 2_000;

/** What a {@link Sender} needs of its owner. */
export interface SenderParts {
  readonly nodeId: string;
  readonly outbox: Outbox;
  readonly pace: Pace;
  readonly presence: Presence;
  readonly signing: Signing | null;
  readonly counts: SendCounts;
  readonly judge: Pick<ConnectionJudge, 'state' | 'breaker' | 'failures'>;
  readonly log: MinuteLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The open connection; null while there is none. */
  channel(): Channel | null;
  /** A round has ended with these messages confirmed. */
  ended(end: RoundEnd, confirmed: readonly OutboundType[]): void;
}

/** The one loop that sends. */
export class Sender {
  readonly #parts: SenderParts;
  #running: Promise<void> = Promise.resolve();
  #isStopping = false;
  #isSending = false;
  #isWoken = false;
  #wakeUp: (() => void) | null = null;
  /** Which type is next while only one type may be sent together. */
  #turn = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** True while a round is under way, until the outbox knows what became of it. */
  get isSending(): boolean {
    return this.#isSending;
  }

  /** Begins to send. */
  start(): void {
    this.#running = this.#loop();
  }

  /** There may be more to send, or it may be allowed again. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUp?.();
  }

  /** Waits for the round under way, then says that the node leaves; both within {@link LEAVE_MS}. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.wake();
    const deadline = this.#after(LEAVE_MS);
    await Promise.race([this.#leave(), deadline.passed]);
    deadline.cancel();
  }

  async #leave(): Promise<void> {
    await this.#running;
    const { presence, judge } = this.#parts;
    presence.leave();
    for (let waitMs = 1; waitMs > 0; ) {
      const channel = this.#parts.channel();
      if (channel === null || judge.breaker !== 'closed') return;
      const wanted = wantedOn(channel, presence, false);
      if (wanted.length === 0) return;
      // There may be no place before the second is over.
      waitMs = await this.#sendPresence(channel, wanted);
      if (waitMs > 0) await this.#after(waitMs).passed;
    }
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      this.#isWoken = false;
      const waitMs = await this.#step();
      if (waitMs !== 0) await this.#sleep(waitMs);
    }
  }

  /** Does the next thing. Returns the time in ms until there may be another one; null if only `wake` tells. */
  async #step(): Promise<number | null> {
    const { presence, judge, pace, clock } = this.#parts;
    const channel = this.#parts.channel();
    if (channel === null || judge.breaker === 'open') return null;
    const wanted = wantedOn(channel, presence, judge.breaker === 'trying');
    if (wanted.length > 0) return this.#sendPresence(channel, wanted);
    // An owner that hands over no heartbeat has none that could try: then one fact does.
    const mayTry = judge.breaker === 'closed' || !presence.isAutomatic;
    if (judge.state !== 'up' || !mayTry) return null;
    const nowMs = clock.monotonicMs();
    const waitMs = pace.waitMs('facts', nowMs);
    return waitMs > 0 ? waitMs : this.#sendFacts(channel, pace.free('facts', nowMs));
  }

  async #sendPresence(channel: Channel, wanted: readonly PresenceType[]): Promise<number> {
    const { presence, pace, clock, outbox } = this.#parts;
    const nowMs = clock.monotonicMs();
    const waitMs = pace.waitMs('presence', nowMs);
    if (waitMs > 0) return waitMs;
    const types = wanted.slice(0, channel.sendsOneType ? 1 : pace.free('presence', nowMs));
    const counted = await this.#insist(() => outbox.countPresence(types.length, clock.nowMs()));
    pace.sent(types.length, 'presence', clock.monotonicMs());
    // The next connection begins with a heartbeat of its own.
    if (counted === null || this.#parts.channel() !== channel) return 0;
    const messages = types.map((type) => ({ id: null, type, bytes: Buffer.from(presence.take(type)) }));
    await this.#round(channel, this.#throughGate(messages).passing);
    return 0;
  }

  async #sendFacts(channel: Channel, free: number): Promise<number | null> {
    const { outbox, pace, clock, judge } = this.#parts;
    // After a failure one message tries, so that a slow broker is not handed the same ones again and again.
    const limit = judge.failures > 0 ? 1 : Math.min(free, IN_FLIGHT_MAX);
    const queued = await this.#take(channel, (without) => outbox.take(limit, clock.nowMs(), without));
    if (queued.length === 0) return null;
    pace.sent(queued.length, 'facts', clock.monotonicMs());
    const { passing, failing } = this.#throughGate(
      queued.map(({ id, type, payload }) => ({ id, type, bytes: Buffer.from(payload) })),
    );
    if (failing.length > 0) await this.#insist(() => outbox.setAside(idsOf(failing), 'gate'));
    if (this.#parts.channel() === channel) await this.#round(channel, passing);
    else await this.#insist(() => outbox.returned());
    return 0;
  }

  /** Takes messages of the types that may be sent now: of all, or of each one in turn until there are some. */
  async #take<Queued>(
    channel: Channel,
    take: (without: readonly FactType[]) => Promise<readonly Queued[]>,
  ): Promise<readonly Queued[]> {
    const allowed = FACT_TYPES.filter((type) => !channel.forbidden.has(type));
    if (!channel.sendsOneType) {
      const without = FACT_TYPES.filter((type) => !allowed.includes(type));
      return (await this.#insist(() => take(without)))?.value ?? [];
    }
    for (let tries = 0; tries < allowed.length; tries += 1) {
      const only = allowed[this.#turn++ % allowed.length];
      const taken = await this.#insist(() => take(FACT_TYPES.filter((type) => type !== only)));
      if (taken === null || taken.value.length > 0) return taken?.value ?? [];
    }
    return [];
  }

  /** Divides messages by the last gate, and counts those that do not pass. */
  #throughGate(messages: readonly Outgoing[]): {
    readonly passing: readonly Outgoing[];
    readonly failing: readonly Outgoing[];
  } {
    const { nodeId, counts, log } = this.#parts;
    const failing: Outgoing[] = [];
    const passing = messages.filter((message) => {
      const result = checkOutbound(message.bytes, nodeId);
      if (result.passes && result.type === message.type) return true;
      const { type } = message;
      const member = result.passes ? 'type' : result.member;
      counts.add(type, 'set_aside');
      const sentence = 'sending: a message did not pass the last gate, and was set aside';
      log.say('error', `gate ${type} ${member}`, sentence, { type, member });
      failing.push(message);
      return false;
    });
    return { passing, failing };
  }

  /** Sends messages together, waits for the broker's answer, and tells the outbox. */
  async #round(channel: Channel, messages: readonly Outgoing[]): Promise<void> {
    if (messages.length === 0) return;
    this.#isSending = true;
    const { outbox, signing, presence } = this.#parts;
    const late = this.#after(CONFIRM_MS);
    const result = await sendTogether(channel, messages, signing, late.passed);
    late.cancel();
    const { end, confirmed, refused, newlyForbidden } = result;
    for (const type of newlyForbidden) this.#sayForbidden(type);
    for (const message of messages) this.#count(message, confirmed, refused);
    for (const { id, type } of confirmed) if (id === null) presence.confirmed(type);
    const ids = idsOf(confirmed);
    if (ids.length > 0) await this.#insist(() => outbox.confirmed(ids));
    if (idsOf(messages).length > ids.length) await this.#insist(() => outbox.returned());
    this.#isSending = false;
    this.#parts.ended(
      end,
      confirmed.map(({ type }) => type),
    );
  }

  #count(message: Outgoing, confirmed: readonly Outgoing[], refused: readonly Outgoing[]): void {
    const isRefused = refused.includes(message);
    const outcome = confirmed.includes(message) ? 'confirmed' : isRefused ? 'forbidden' : 'unconfirmed';
    this.#parts.counts.add(message.type, outcome);
  }

  #sayForbidden(type: OutboundType): void {
    const sentence = `sending: the broker does not take messages of the type ${type}; they wait for the next connection`;
    this.#parts.log.say('warn', `forbidden ${type}`, sentence);
  }

  /** Repeats an operation of the outbox until it succeeds; null if it fails while the program ends. */
  async #insist<T>(operation: () => Promise<T>): Promise<{ readonly value: T } | null> {
    for (;;) {
      try {
        return { value: await operation() };
      } catch (error) {
        const sentence = 'sending: the outbox cannot be written, and nothing is sent; trying again';
        this.#parts.log.say('error', 'outbox', sentence, { reason: errorCode(error) ?? 'unknown' });
        if (this.#isStopping) return null;
      }
      await this.#after(OUTBOX_AGAIN_MS).passed;
    }
  }

  #sleep(ms: number | null): Promise<void> {
    if (this.#isWoken) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = ms === null ? null : this.#parts.timers.after(ms, resolve);
    this.#wakeUp = () => {
      timer?.cancel();
      resolve();
    };
    return promise;
  }

  #after(ms: number): { readonly passed: Promise<'late'>; cancel(): void } {
    const { promise, resolve } = Promise.withResolvers<'late'>();
    const timer = this.#parts.timers.after(ms, () => resolve('late'));
    return { passed: promise, cancel: () => timer.cancel() };
  }
}

function wantedOn(channel: Channel, presence: Presence, isTest: boolean): readonly PresenceType[] {
  return presence.wanted(isTest).filter((type) => !channel.forbidden.has(type));
}

function idsOf(messages: readonly Outgoing[]): readonly number[] {
  return messages.flatMap(({ id }) => (id === null ? [] : [id]));
}
