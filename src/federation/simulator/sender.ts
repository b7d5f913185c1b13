// Sends a plan at the planned times, so that the broker stores the messages of a connection in the order of the plan.

import type { Clock } from '../../lib/clock.ts';
import type { PlannedMessage } from './statement.ts';

/** The part of a connection that the sender needs. */
export interface Outlet {
  publish(subject: string, payload: Uint8Array): void;
  /** Resolves when the broker has received everything published so far. */
  flush(): Promise<void>;
}

/** What every sender needs. */
export interface PaceParts {
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  /** Called after each batch with the number of sent messages and the planned time reached. */
  readonly onProgress: (sent: number, planMs: number) => void;
}

/** What the sender over one connection needs. */
export interface SenderParts extends PaceParts {
  readonly outlet: Outlet;
}

/** What the sender over many connections needs. */
export interface PacedParts<Message> extends PaceParts {
  send(message: Message): void;
  /** Resolves when the next batch may be sent. */
  flush(): Promise<void>;
  /** Called after the messages up to a planned time were sent, and before {@link flush}; at the end with Infinity. */
  pass?(planMs: number): Promise<void>;
}

/** How a plan was sent. */
export interface Pacing {
  readonly elapsedMs: number;
  /** The longest time by which a batch was sent later than planned. */
  readonly behindMsMax: number;
}

const BATCH_INTERVAL_MS = 50;
/** A late sender catches up at no more than this many times the plan's speed, so that planned gaps remain gaps. */
const CATCH_UP_SPEED = 4;

/** Sends every message, none before its time. Resolves when the last batch was sent and flushed. */
export async function sendPaced<Message extends { readonly atMs: number }>(
  messages: readonly Message[],
  parts: PacedParts<Message>,
): Promise<Pacing> {
  const { clock, wait, onProgress } = parts;
  const startMs = clock.monotonicMs();
  let planMs = 0;
  let sent = 0;
  let behindMsMax = 0;
  while (sent < messages.length) {
    const lateMs = clock.monotonicMs() - startMs - planMs;
    planMs += Math.max(0, Math.min(lateMs, BATCH_INTERVAL_MS * CATCH_UP_SPEED));
    behindMsMax = Math.max(behindMsMax, clock.monotonicMs() - startMs - planMs);
    for (let next = messages[sent]; next !== undefined && next.atMs <= planMs; next = messages[sent]) {
      parts.send(next);
      sent += 1;
    }
    await parts.pass?.(planMs);
    // One round trip per batch: the sender follows the broker's pace, and no messages pile up in the socket.
    await parts.flush();
    onProgress(sent, planMs);
    if (sent < messages.length) await wait(BATCH_INTERVAL_MS);
  }
  await parts.pass?.(Infinity);
  return { elapsedMs: clock.monotonicMs() - startMs, behindMsMax };
}

/**
 * Sends every message over one connection, none before its time. Resolves with the time that it took, when the broker
 * has received them all.
 */
export function sendPlan(messages: readonly PlannedMessage[], parts: SenderParts): Promise<Pacing> {
  const { outlet } = parts;
  return sendPaced(messages, {
    ...parts,
    send: ({ subject, payload }) => outlet.publish(subject, payload),
    flush: () => outlet.flush(),
  });
}
