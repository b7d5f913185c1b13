// Sends a plan at the planned times over one connection, so that the broker stores the messages in the order of the
// plan.

import type { Clock } from '../../lib/clock.ts';
import type { PlannedMessage } from './statement.ts';

/** The part of a connection that the sender needs. */
export interface Outlet {
  publish(subject: string, payload: Uint8Array): void;
  /** Resolves when the broker has received everything published so far. */
  flush(): Promise<void>;
}

/** What the sender needs. */
export interface SenderParts {
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  /** Called after each batch with the number of sent messages and the planned time reached. */
  readonly onProgress: (sent: number, planMs: number) => void;
}

const BATCH_INTERVAL_MS = 50;
/** A late sender catches up at no more than this many times the plan's speed, so that planned gaps remain gaps. */
const CATCH_UP_SPEED = 4;

/**
 * Sends every message, none before its time. Resolves with the time that it took, when the broker has received them
 * all.
 */
export async function sendPlan(
  messages: readonly PlannedMessage[],
  parts: SenderParts,
): Promise<{ readonly elapsedMs: number }> {
  const { outlet, clock, wait, onProgress } = parts;
  const startMs = clock.monotonicMs();
  let planMs = 0;
  let sent = 0;
  while (sent < messages.length) {
    const lateMs = clock.monotonicMs() - startMs - planMs;
    planMs += Math.max(0, Math.min(lateMs, BATCH_INTERVAL_MS * CATCH_UP_SPEED));
    for (let next = messages[sent]; next !== undefined && next.atMs <= planMs; next = messages[sent]) {
      outlet.publish(next.subject, next.payload);
      sent += 1;
    }
    // One round trip per batch: the sender follows the broker's pace, and no messages pile up in the socket.
    await outlet.flush();
    onProgress(sent, planMs);
    if (sent < messages.length) await wait(BATCH_INTERVAL_MS);
  }
  return { elapsedMs: clock.monotonicMs() - startMs };
}
