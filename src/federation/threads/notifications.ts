// Tells the receivers of NOTIFY_FILE of events: its own troubles always, changes of nodes once the nodes of the start are
// known, and in a cluster only by the replica that publishes. How a message is made and sent is in src/notify.

import type { Settings } from '../config/settings.ts';
import { type EventKind, nodeEvent, type ToldEvent } from '../domain/events.ts';
import type { NotificationsView, TestAnswer } from '../http/notifications.ts';
import { noticeOf, testNotice } from '../sinks/notices.ts';
import type { Log } from '../../io/log.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import type { Part } from '../../lib/part.ts';
import { systemTimers } from '../../lib/timers.ts';
import { programVersion } from '../../lib/version.ts';
import type { NodeTransition } from '../../lifecycle/node-state.ts';
import type { ReceiverParts } from '../../notify/receiver.ts';
import { type ReceiverConfig, Receivers } from '../../notify/receivers.ts';

/** What is needed of the main thread. */
export interface NotificationsParts {
  readonly log: Pick<Log, 'info' | 'warn'>;
  aggregatorId(): string;
  /** The name of this process in its cluster; null for a process on its own. */
  readonly replica: string | null;
  /** True for a process on its own, and for the replica that publishes. */
  tellsOfNodes(): boolean;
}

/** Makes the receivers of a process. `cluster` is null for a process on its own. */
export function makeNotifications(
  settings: Pick<Settings, 'cluster'>,
  parts: Pick<NotificationsParts, 'log'> & { readonly receivers?: readonly ReceiverConfig[] },
  known: { readonly aggregatorId: string },
  cluster: () => { readonly link: { readonly isPublisher: boolean } } | null,
): Notifications {
  return new Notifications(parts.receivers ?? [], {
    log: parts.log,
    aggregatorId: () => known.aggregatorId,
    replica: settings.cluster?.replica ?? null,
    tellsOfNodes: () => cluster()?.link.isPublisher !== false,
  });
}

/** The receivers of this process. */
export class Notifications implements Part {
  readonly #parts: NotificationsParts;
  readonly #receivers: Receivers;
  readonly #kinds: ReadonlySet<string>;
  #knowsNodes = false;

  constructor(configs: readonly ReceiverConfig[], parts: NotificationsParts) {
    this.#parts = parts;
    this.#kinds = new Set(configs.flatMap(({ events }) => events));
    this.#receivers = new Receivers(configs, receiverParts(parts));
  }

  /** For `/readyz`: undefined without receivers, null while all take what they are told. */
  get problem(): string | null | undefined {
    return this.#receivers.views.length === 0 ? undefined : this.#receivers.problem;
  }

  get receivers(): Receivers['views'] {
    return this.#receivers.views;
  }

  get view(): NotificationsView {
    const textOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    return {
      receivers: this.#receivers.views.map(({ name, form, counts, problem, lastSentAtMs }) => {
        return { name, form, ...counts, problem, lastSentAt: textOf(lastSentAtMs) };
      }),
    };
  }

  start(): Promise<void> {
    return this.#receivers.start();
  }

  stop(): Promise<void> {
    return this.#receivers.stop();
  }

  /** The states of the nodes are those of this moment: changes from now on are news. */
  knowsNodes(): void {
    this.#knowsNodes = true;
  }

  /** Tells of an event. Never throws. */
  tell(event: ToldEvent): void {
    if (!this.#kinds.has(event.kind)) return;
    if (event.nodeId !== null && !(this.#knowsNodes && this.#parts.tellsOfNodes())) return;
    this.#receivers.tell(noticeOf(event, this.#parts.replica));
  }

  /** Tells of changes of nodes. Never throws. */
  changed(transitions: readonly NodeTransition[]): void {
    for (const transition of transitions) {
      const kind: EventKind = `node_${transition.to}`;
      if (this.#kinds.has(kind)) this.tell(nodeEvent(transition));
    }
  }

  /** Posts a test message to the receiver of this name, or to all; none if there is none. Never rejects. */
  async test(name: string | null): Promise<readonly TestAnswer[]> {
    return testReceivers(this.#receivers, name);
  }
}

/** Posts a test message to the receiver of this name, or to all. Never rejects. */
export async function testReceivers(
  receivers: Receivers,
  name: string | null,
): Promise<readonly TestAnswer[]> {
  const outcomes = await receivers.test(testNotice(systemClock.nowMs()), name);
  return outcomes.map(({ delivered, ...others }) => {
    return delivered.type === 'taken'
      ? { ...others, isTaken: true, status: delivered.status, reason: null }
      : { ...others, isTaken: false, status: null, reason: delivered.reason };
  });
}

/** What receivers need, with the machine's clock and timers. */
export function receiverParts({
  log,
  aggregatorId,
}: Pick<NotificationsParts, 'log' | 'aggregatorId'>): ReceiverParts {
  return {
    clock: systemClock,
    timers: systemTimers,
    random: randomShare,
    userAgent: `aggregator/${programVersion()}`,
    source: () => ({ name: `aggregator ${aggregatorId()}`.trim(), id: aggregatorId(), url: null }),
    failed: (name, reason) =>
      log.warn(`notifications: the receiver ${name} does not take them: ${reason}; trying further ones`),
    works: (name, dropped) =>
      log.info(`notifications: the receiver ${name} takes them again; ${dropped} were lost`),
  };
}
