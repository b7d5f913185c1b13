// The connection of a client from `connect` to `disconnect`: who waits for it, for the salt, or for confirmations. It keeps
// nothing on the disk and knows no form of a task.

import type { Log } from '../../io/log.ts';
import type { Msg } from '../../io/nats.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import { systemTimers } from '../../lib/timers.ts';
import type { OutboundType, PresenceType } from '../domain/messages.ts';
import type { LinkView } from '../domain/view.ts';
import { FederationLink, type LinkEvent } from '../sinks/federation-link.ts';
import type { ClientSettings } from './client-options.ts';
import { createConnectionJudge } from './connection-judge.ts';
import type { MessageQueue } from './message-queue.ts';

/** What a {@link ClientLink} needs of its owner. */
export interface ClientLinkParts {
  readonly log: Log;
  readonly queue: MessageQueue;
  /** After the link has noticed it itself. */
  happened(event: LinkEvent): void;
  keyPinned(key: PublicJwk): void;
}

const NO_COUNTS = { active: 0, total: 0, received: 0, completed: 0, failed: 0, invoices: 0 };

/** One connection, which is made again and again until it is stopped. */
export class ClientLink {
  readonly #link: FederationLink;
  readonly #parts: ClientLinkParts;
  /** Called at every event; each removes itself. */
  readonly #checks = new Set<() => void>();
  /** True if the request to join of the present connection has ended. */
  #isJoinOver = false;
  #isStopped = false;
  #attempts = { connected: 0, failed: 0 };

  constructor({ nats, name, apiKey, salt, rate, statsKey }: ClientSettings, parts: ClientLinkParts) {
    const { queue, log } = parts;
    this.#parts = parts;
    const judge = createConnectionJudge(() =>
      log.error('broker: the actor of the connection failed, which is a defect of the library'),
    );
    this.#link = new FederationLink(
      {
        name,
        nats,
        nodeId: queue.nodeId,
        place: { continent: null, location: null },
        apiKey,
        salt,
        keptSalt: queue.salt,
        statsKey,
        pinnedKey: queue.statsKey,
        rate,
        window: queue.window,
        statistics: null,
        isEnabled: true,
        // The program says when its node lives.
        hasPresence: false,
        asksToJoin: true,
        hearsStatistics: false,
      },
      {
        log,
        clock: systemClock,
        timers: systemTimers,
        random: randomShare,
        judge,
        outbox: queue.outbox,
        counts: () => NO_COUNTS,
        isSourceReadable: () => true,
        saltChanged: (changed) => {
          queue.keepSalt(changed);
          this.#check();
        },
        keyPinned: (key) => parts.keyPinned(key),
        statistics: () => undefined,
        periodStatistics: () => undefined,
        happened: (event) => this.#happened(event),
      },
    );
  }

  /** Begins to connect. */
  start(): void {
    void this.#link.start();
  }

  /** Waits a little for what is on its way, and closes the connection. */
  async stop(): Promise<void> {
    await this.#link.stop();
    this.#isStopped = true;
    this.#check();
  }

  get view(): LinkView {
    return this.#link.view();
  }

  /** Messages that the broker confirmed. */
  get confirmed(): number {
    const counts = this.#link.messageCounts().filter(({ outcome }) => outcome === 'confirmed');
    return counts.reduce((sum, { count }) => sum + count, 0);
  }

  /** True once there is a connection; false if the attempt under way fails or `stop` comes first. */
  connected(): Promise<boolean> {
    const { failed } = this.#attempts;
    return this.#when<boolean>(() => {
      if (this.view.isConnected) return true;
      return this.#isStopped || this.#attempts.failed > failed ? false : null;
    });
  }

  /** The salt in use. Waits for the request to join of the present connection; null if that brings none. */
  salt(): Promise<string | null> {
    return this.#when<{ readonly salt: string | null }>(() => {
      const { salt } = this.#link;
      const isOver = salt !== null || this.#isStopped || this.#isJoinOver || !this.view.isConnected;
      return isOver ? { salt } : null;
    }).then(({ salt }) => salt);
  }

  /** Hands over a message of presence. */
  put(type: PresenceType, payload: string): void {
    this.#link.putPresence(type, payload);
  }

  /** There is something to send. */
  wake(): void {
    this.#link.wake();
  }

  /** Hears a subject on this connection and on later ones; returns what ends that. */
  listen(subject: string, heard: (message: Msg, subject: string) => void): () => void {
    return this.#link.subscribe(subject, (message) => heard(message, message.subject));
  }

  /**
   * True when everything that waits at the call is confirmed; false if the broker forbids what is left, `stop` comes first
   * or the time is over. A message of presence that is lost with the connection counts as replaced.
   */
  flushed(timeoutMs: number | null): Promise<boolean> {
    const { queue } = this.#parts;
    const newestId = queue.newestId();
    let isLate = false;
    const timer =
      timeoutMs === null
        ? null
        : systemTimers.after(timeoutMs, () => {
            isLate = true;
            this.#check();
          });
    return this.#when<boolean>(() => {
      const left = this.#isStopped ? [] : queue.waitingUpTo(newestId);
      const isUnderWay = this.#link.isSending || this.#link.waitingPresence > 0;
      if (!this.#isStopped && left.length === 0 && !isUnderWay) return true;
      return this.#isStopped || isLate || (!isUnderWay && this.#isForbidden(left)) ? false : null;
    }).finally(() => timer?.cancel());
  }

  #isForbidden(types: readonly OutboundType[]): boolean {
    const { isConnected, forbidden } = this.view;
    return isConnected && types.every((type) => forbidden.includes(type));
  }

  #happened(event: LinkEvent): void {
    if (event.type === 'connected') this.#isJoinOver = false;
    if (event.type === 'joined') this.#isJoinOver = true;
    if (event.type === 'failed') this.#attempts.failed += 1;
    this.#parts.happened(event);
    this.#check();
  }

  /** Resolves with the first answer that is not null: now, or after an event. */
  #when<Answer>(ask: () => Answer | null): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const check = () => {
      const answer = ask();
      if (answer === null) return;
      this.#checks.delete(check);
      resolve(answer);
    };
    this.#checks.add(check);
    check();
    return promise;
  }

  #check(): void {
    for (const check of this.#checks) check();
  }
}
