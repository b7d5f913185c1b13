// The client of a program that speaks for a node (docs/agent.md#for-those-who-write-a-monitor). It wires queue, connection and subscriptions
// together; what leaves is made and checked by `domain` and sent by `sinks`.

import { EventEmitter } from 'node:events';
import type { Msg } from '../../io/nats.ts';
import { systemClock } from '../../lib/clock.ts';
import type { PublicJwk } from '../../lib/ed25519.ts';
import {
  completedMessage,
  heartbeatMessage,
  invoiceMessage,
  presenceMessage,
  receivedMessage,
  subjectOf,
} from '../domain/envelope.ts';
import type { LinkEvent } from '../sinks/federation-link.ts';
import { ClientEvents, inWordsOfLibrary } from './client-events.ts';
import { ClientLink } from './client-link.ts';
import { type ClientSettings, readClientOptions } from './client-options.ts';
import { MessageQueue } from './message-queue.ts';
import { readCompleted, readInvoice, readNodeStatus, readReceived } from './monitor-forms.ts';
import { Publisher } from './publisher.ts';
import { ReceivedMessages } from './received-messages.ts';
import { isPattern, Subscriptions } from './subscriptions.ts';
import {
  type FederationClientOptions,
  type FederationCredentials,
  FederationError,
  type FederationEvents,
  type FederationHandlers,
  type FederationMessage,
  type FederationStats,
  type FederationSubscription,
  type MessageHandler,
  type MonitorInvoice,
  type MonitorTask,
  type NodeStatus,
} from './types.ts';

const EVERYTHING = 'truebit.>';
const STATISTICS = 'truebit.stats.aggregated';

/**
 * Speaks for one node. It can replace the client of a deployed monitor file for file; the file then holds
 * `export { FederationClient as default } from 'truebit-aggregator/agent';`. On purpose it differs from that client:
 *
 * - `publish…` of a task or an invoice resolves true when the message is queued, also without a connection, and with
 *   `statePath` it is on the disk then. {@link flush} waits until the broker has confirmed it. Nothing that is queued is
 *   lost to a pace, a lost connection or a broker that does not answer. A heartbeat is not queued: without a connection it
 *   resolves false.
 * - {@link connect} resolves false if the first attempt fails, and goes on trying until {@link disconnect}.
 * - The event `error` without a listener never throws. Nothing is written to the console.
 * - No option switches the privacy checks off. Block numbers, block hashes, task hashes and exact counts never leave, a
 *   label that is unknown is left out, and `taskIdHash` is of the execution's id in every message.
 * - An exit code that is not known is no failure. A task without one is `completed` unless its `status` says otherwise.
 * - The salt that is not given is the federation's, not a random one; without any, tasks and invoices are refused.
 * - `truebit.>` delivers a message once, and a handler gets the message's own subject.
 * - Statistics need the signature of the known key, if one is known.
 */
export class FederationClient extends EventEmitter<FederationEvents> {
  readonly #settings: ClientSettings;
  readonly #events: ClientEvents;
  readonly #publisher: Publisher;
  readonly #received: ReceivedMessages;
  readonly #subscriptions: Subscriptions<Msg>;
  readonly #nodeId: string;
  /** Closed while it is null; a file is open from the first need of it until `disconnect`. */
  #queue: MessageQueue | null;
  #link: ClientLink | null = null;
  #stopping: Promise<void> | null = null;
  #statsKey: PublicJwk | null;
  #attempt = 0;
  /** Of connections that were ended. */
  readonly #before = { confirmed: 0, reconnections: 0 };

  /**
   * Opens the file of `statePath`, if there is one, and connects nowhere. Throws a {@link FederationError}:
   * `invalid_option`, or `state_unusable`, for example because another process uses the file.
   */
  constructor(options: FederationClientOptions = {}) {
    super();
    this.#settings = readClientOptions(options);
    this.#events = new ClientEvents(this);
    this.#queue = this.#openQueue(this.#settings.nodeId);
    this.#nodeId = this.#queue.nodeId;
    this.#statsKey = this.#settings.statsKey ?? this.#queue.statsKey;
    this.#publisher = new Publisher({
      nodeId: this.#nodeId,
      events: this.#events,
      salt: this.#settings.salt,
      keptSalt: this.#queue.salt,
      queueMax: this.#settings.queueMax,
      queue: () => this.#openedQueue(),
      link: () => this.#link,
    });
    this.#received = new ReceivedMessages({
      statsKey: () => this.#statsKey,
      message: (subject, data) => this.#events.emit('message', { subject, data }),
      problem: (code, cause, sentence) => this.#events.problem(code, cause, sentence),
    });
    this.#subscriptions = new Subscriptions<Msg>({
      listen: (subject, heard) => this.#link?.listen(subject, heard) ?? (() => undefined),
      deliver: (message, subject, handlers) => this.#received.take(message, subject, handlers),
    });
  }

  /** True while there is a connection. */
  get connected(): boolean {
    return this.#link?.view.isConnected ?? false;
  }

  /**
   * Connects, and keeps connecting until {@link disconnect}. Resolves true once there is a connection, and false if the
   * attempt under way fails; it is then repeated all the same. Never rejects.
   */
  async connect(): Promise<boolean> {
    await this.#stopping;
    const queue = this.#openedQueue();
    if (queue === null) return false;
    if (this.#link === null) {
      this.#link = new ClientLink(this.#settings, {
        log: this.#events.log,
        queue,
        happened: (event) => this.#happened(event),
        keyPinned: (key) => {
          this.#statsKey = key;
          queue.keepStatsKey(key);
        },
      });
      this.#subscriptions.again();
      this.#link.start();
    }
    return this.#link.connected();
  }

  /** Publishes that the node received a task. True: it is queued. */
  async publishTaskReceived(task: MonitorTask): Promise<boolean> {
    return this.#publisher.fact('task_received', readReceived(task), receivedMessage);
  }

  /** Publishes that the node completed a task, or failed to. True: it is queued. */
  async publishTaskCompleted(task: MonitorTask): Promise<boolean> {
    return this.#publisher.fact('task_completed', readCompleted(task), completedMessage);
  }

  /** Publishes an invoice. True: it is queued. */
  async publishInvoice(invoice: MonitorInvoice): Promise<boolean> {
    return this.#publisher.fact('invoice_created', readInvoice(invoice), invoiceMessage);
  }

  /** Publishes a heartbeat; it replaces one that waits. True: it is sent at the next turn; false without a connection. */
  async publishHeartbeat(status: NodeStatus = {}): Promise<boolean> {
    return this.#publisher.presence(
      'heartbeat',
      heartbeatMessage(readNodeStatus(status), this.#publisher.sender()),
    );
  }

  /** Publishes that the node joined. True: it is sent at the next turn, or on the next connection. */
  async publishNodeJoined(): Promise<boolean> {
    return this.#publisher.presence('node_joined', presenceMessage('node_joined', this.#publisher.sender()));
  }

  /** Publishes that the node leaves. True: it is sent at the next turn, before a {@link disconnect}. */
  async publishNodeLeft(): Promise<boolean> {
    return this.#publisher.presence('node_left', presenceMessage('node_left', this.#publisher.sender()));
  }

  /**
   * Publishes a message that is complete. Only the six subjects with exactly the members of their messages pass. True: as
   * for the other methods.
   */
  async publish(subject: string, data: FederationMessage): Promise<boolean> {
    return this.#publisher.message(subject, data);
  }

  /**
   * Resolves true when the broker has confirmed everything that was queued before; false if it forbids what is left, after
   * `timeoutMs`, or without {@link connect}. At 60 messages a minute it may take long.
   */
  async flush(timeoutMs: number | null = null): Promise<boolean> {
    if (this.#link !== null) return this.#link.flushed(timeoutMs);
    return (this.#queue?.waiting ?? 0) === 0;
  }

  /**
   * Subscribes to a subject, which may have wildcards, until {@link disconnect}; without a connection from the next one on.
   * Null if the subject is malformed or one too many.
   */
  async subscribe(subject: string, handler?: MessageHandler): Promise<FederationSubscription | null> {
    if (!isPattern(subject) || this.#subscriptions.isFullFor(subject)) {
      this.#events.fault('invalid_message', 'subscribe: the subject is malformed, or there are too many');
      return null;
    }
    const unsubscribe = this.#subscriptions.add(subject, handler ?? null);
    return { subject, getSubject: () => subject, unsubscribe };
  }

  /** Subscribes to everything in the federation. A message comes once. */
  async subscribeToFederation(handlers: FederationHandlers = {}): Promise<void> {
    const bySubject: readonly (readonly [string, MessageHandler | undefined])[] = [
      [subjectOf('task_received'), handlers.taskReceived],
      [subjectOf('task_completed'), handlers.taskCompleted],
      [subjectOf('heartbeat'), handlers.heartbeat],
      [STATISTICS, handlers.networkStats],
      [subjectOf('node_joined'), handlers.nodeJoined],
      [subjectOf('node_left'), handlers.nodeLeft],
      [EVERYTHING, handlers.all],
    ];
    for (const [subject, handler] of bySubject) {
      this.#subscriptions.add(subject, handler ?? null, EVERYTHING);
    }
  }

  /** Counters since the client was made, and the present state. */
  getStats(): FederationStats {
    const view = this.#link?.view;
    return {
      messagesSent: this.#before.confirmed + (this.#link?.confirmed ?? 0),
      messagesReceived: this.#received.count,
      errors: this.#events.errors,
      reconnections: this.#before.reconnections + (view?.reconnections ?? 0),
      connected: view?.isConnected ?? false,
      circuitOpen: view?.breaker === 'open',
      subscriptions: this.#subscriptions.size,
      nodeId: this.#nodeId,
      queued: this.#queue?.waiting ?? 0,
      joined: view?.hasJoined ?? false,
    };
  }

  /** The node's id and salt. */
  getCredentials(): FederationCredentials {
    return { nodeId: this.#nodeId, salt: this.#publisher.lastSalt };
  }

  /** True if messages can be sent: there is a connection, and the circuit is not open. */
  isHealthy(): boolean {
    const view = this.#link?.view;
    return view !== undefined && view.isConnected && view.breaker !== 'open';
  }

  /**
   * Ends the connection, all subscriptions, and the use of the file. It waits up to 2 s for what is on its way; what still
   * waits is sent after the next {@link connect}. Never rejects.
   */
  async disconnect(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = null;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const link = this.#link;
    const wasConnected = this.connected;
    await link?.stop();
    if (link !== null) {
      this.#before.confirmed += link.confirmed;
      this.#before.reconnections += link.view.reconnections;
    }
    this.#link = null;
    this.#subscriptions.clear();
    if (this.#settings.statePath !== null) {
      this.#queue?.close();
      this.#queue = null;
    }
    if (wasConnected) this.#events.emit('disconnected');
  }

  #happened(event: LinkEvent): void {
    switch (event.type) {
      case 'connected':
        this.#attempt = 0;
        this.#subscriptions.connected();
        this.#events.emit(event.isFirst ? 'connected' : 'reconnected');
        return;
      case 'disconnected':
        this.#events.emit('disconnected');
        return;
      case 'reconnecting':
        this.#attempt += 1;
        this.#events.emit('reconnecting', this.#attempt);
        return;
      case 'published':
        this.#publisher.confirmed(event.types);
        return;
      case 'joined':
        void this.#noteSalt();
        return;
      case 'deaf':
        if (event.subject !== null) this.#subscriptions.refused(event.subject);
        return;
      case 'failed':
      case 'sent':
        return;
    }
  }

  async #noteSalt(): Promise<void> {
    const salt = await this.#link?.salt();
    this.#publisher.lastSalt = salt ?? this.#publisher.lastSalt;
  }

  #openQueue(nodeId: string | null): MessageQueue {
    const { statePath, queueMax } = this.#settings;
    let queue: MessageQueue;
    try {
      queue = new MessageQueue(
        { path: statePath, max: queueMax, nodeId },
        {
          clock: systemClock,
          confirmed: ({ type, payload }) => this.#publisher.published(type, payload),
          failed: (reason) => this.#events.problem('state_unusable', 'state', `the state: ${reason}`),
          wake: () => this.#link?.wake(),
        },
      );
    } catch (error) {
      const why = error instanceof Error ? inWordsOfLibrary(error.message) : 'it cannot be opened';
      throw new FederationError('state_unusable', why, { cause: error });
    }
    // Listeners come after the constructor.
    for (const warning of queue.warnings) setImmediate(() => this.#events.fault('state_unusable', warning));
    return queue;
  }

  #openedQueue(): MessageQueue | null {
    try {
      this.#queue ??= this.#openQueue(this.#nodeId);
      return this.#queue;
    } catch (error) {
      this.#events.fault('state_unusable', error instanceof Error ? error.message : 'unknown error');
      return null;
    }
  }
}
