// Makes, checks and hands over what a client publishes: tasks and invoices to the queue, presence to the connection. Every
// message passes the last gate here, and once more when it is sent.

import { systemClock } from '../../lib/clock.ts';
import { type SaltedSender, type Sender, subjectOf } from '../domain/envelope.ts';
import { checkOutbound } from '../domain/gate.ts';
import type { FactType, OutboundType, PresenceType } from '../domain/messages.ts';
import type { ClientEvents } from './client-events.ts';
import type { ClientLink } from './client-link.ts';
import type { MessageQueue } from './message-queue.ts';
import type { FederationMessage } from './types.ts';

/** What a {@link Publisher} needs of its owner. */
export interface PublisherParts {
  readonly nodeId: string;
  readonly events: ClientEvents;
  /** The salt of the options; null without one. */
  readonly salt: string | null;
  /** The salt that was kept; null without one. */
  readonly keptSalt: string | null;
  readonly queueMax: number;
  /** The open queue; null if it cannot be opened, which was told. */
  queue(): MessageQueue | null;
  /** The connection; null before `connect` and after `disconnect`. */
  link(): ClientLink | null;
}

/** Publishes for one client. Its methods resolve true if the message was taken; else they have told why. */
export class Publisher {
  /** The salt that was used or known last. */
  lastSalt: string | null;
  readonly #parts: PublisherParts;
  /** Presence that was handed over last, by type, for the event `published`. */
  readonly #presence = new Map<OutboundType, string>();

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.lastSalt = parts.salt ?? parts.keptSalt;
  }

  /** The sender of a message that is made now. */
  sender(): Sender {
    return { nodeId: this.#parts.nodeId, nowMs: systemClock.nowMs() };
  }

  /** Publishes a task or an invoice; null is one that was not understood. */
  async fact<Fact>(
    type: FactType,
    fact: Fact | null,
    build: (fact: Fact, sender: SaltedSender) => string,
  ): Promise<boolean> {
    const { events } = this.#parts;
    if (fact === null) {
      events.fault('invalid_message', `${type}: there is no id of 1 to 256 bytes, or its digits are lost`);
      return false;
    }
    const salt = this.#parts.salt ?? (await this.#parts.link()?.salt()) ?? this.lastSalt;
    if (salt === null) {
      const remedy = 'give the option salt, or publish once the aggregator has answered a request to join';
      events.fault('no_salt', `${type}: no salt is known: ${remedy}`);
      return false;
    }
    this.lastSalt = salt;
    return this.#enqueue(type, build(fact, { ...this.sender(), salt }));
  }

  /** Publishes presence. Without a connection only `node_joined` waits for one. */
  presence(type: PresenceType, payload: string): boolean {
    if (!this.#passes(type, payload)) return false;
    const link = this.#parts.link();
    if (link === null || (type !== 'node_joined' && !link.view.isConnected)) return false;
    this.#presence.set(type, payload);
    link.put(type, payload);
    return true;
  }

  /** Publishes a message that is complete. */
  async message(subject: string, data: FederationMessage): Promise<boolean> {
    const payload = textOf(data);
    const result = checkOutbound(Buffer.from(payload), this.#parts.nodeId);
    if (!result.passes) {
      this.#refused(result.type, result.member);
      return false;
    }
    const { type } = result;
    if (subject !== subjectOf(type)) {
      const sentence = `publish: a message of the type ${type} belongs on ${subjectOf(type)}`;
      this.#parts.events.fault('refused', sentence);
      return false;
    }
    return isPresence(type) ? this.presence(type, payload) : this.#enqueue(type, payload);
  }

  /** The broker confirmed messages of these types; those of presence are told here. */
  confirmed(types: readonly OutboundType[]): void {
    for (const type of types) {
      const payload = isPresence(type) ? this.#presence.get(type) : undefined;
      if (payload !== undefined) this.published(type, payload);
    }
  }

  /** Tells that the broker confirmed this message. */
  published(type: OutboundType, payload: string): void {
    const data = JSON.parse(payload) as FederationMessage;
    this.#parts.events.emit('published', { subject: subjectOf(type), data });
  }

  async #enqueue(type: FactType, payload: string): Promise<boolean> {
    const { events, queueMax } = this.#parts;
    if (!this.#passes(type, payload)) return false;
    const queue = this.#parts.queue();
    if (queue === null) return false;
    if (!queue.isFull) return queue.add(type, payload);
    events.problem('queue_full', 'queue', `${type}: ${queueMax} messages wait already`);
    return false;
  }

  #passes(type: OutboundType, payload: string): boolean {
    const result = checkOutbound(Buffer.from(payload), this.#parts.nodeId);
    if (!result.passes) this.#refused(type, result.member);
    return result.passes;
  }

  #refused(type: OutboundType | null, member: string): void {
    const of = type === null ? 'a message' : `a message of the type ${type}`;
    this.#parts.events.fault('refused', `the last gate does not let ${of} pass: member ${member}`);
  }
}

/** The JSON text; empty if there is none, because the value refers to itself or holds a bigint. */
function textOf(data: unknown): string {
  try {
    return JSON.stringify(data) ?? '';
  } catch {
    return '';
  }
}

function isPresence(type: OutboundType): type is PresenceType {
  return type === 'heartbeat' || type === 'node_joined' || type === 'node_left';
}
