// Asks all replicas of a partition at once and passes on each answer as it comes. It decides neither how long to wait nor
// which answer is the best, and it repeats no question.

import { createInbox, type NatsConnection } from 'nats';
import { CLUSTER_SUBJECTS } from '../domain/cluster.ts';
import { type AskQuestion, type AskReply, decodeReply, encodeQuestion } from './ask-wire.ts';

/** Where questions go, and what becomes of answers. */
export interface AskParts {
  /** The prefix of the inboxes of this process; null for the client's own. */
  readonly inboxPrefix: string | null;
  /** Called with each answer that could be read. */
  heard(partition: number, reply: AskReply): void;
  /** Called for each answer that could not be read: of another version, or of no replica. */
  ignored(): void;
}

/** The status of a broker's message that nobody listens to a subject. */
const NO_RESPONDERS = 503;

/**
 * Asks until `signal` is aborted: returns the function that sends a question. All answers to it arrive at one inbox, late
 * answers to an earlier question too. Does nothing once the connection is closed.
 */
export function askReplicas(
  connection: NatsConnection,
  partition: number,
  parts: AskParts,
  signal: AbortSignal,
): (question: AskQuestion) => void {
  if (connection.isClosed() || signal.aborted) return () => undefined;
  const inbox = createInbox(parts.inboxPrefix ?? undefined);
  const subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error !== null || signal.aborted || message.headers?.code === NO_RESPONDERS) return;
      const reply = decodeReply(message.data);
      if (reply === null) parts.ignored();
      else parts.heard(partition, reply);
    },
  });
  signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true });
  return (question) => {
    if (connection.isClosed() || signal.aborted) return;
    connection.publish(CLUSTER_SUBJECTS.ask(partition), encodeQuestion(question), { reply: inbox });
  };
}
