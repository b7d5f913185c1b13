// Helpers of the federation's tests for a broker and a running program: send, and wait until the program shows it.

import type { NatsConnection } from 'nats';
import { onTestFinished } from 'vitest';
import type { Aggregator } from './aggregator.ts';
import { heartbeat, type Publication } from './messages.ts';
import { until } from './until.ts';

/** Resolves when the broker has received all of them. */
export async function send(connection: NatsConnection, publications: readonly Publication[]): Promise<void> {
  for (const { subject, payload } of publications) connection.publish(subject, payload);
  await connection.flush();
}

/** Waits until this number of messages have an outcome. */
export function counted(program: Aggregator, messages: number, labels = ''): Promise<unknown> {
  return until(`${messages} messages to be counted`, async () => {
    return (await program.metric('aggregator_messages_total', labels)) === messages;
  });
}

/** Waits until the shown statistics are these. */
export function shown(program: Aggregator, statistics: Readonly<Record<string, unknown>>): Promise<unknown> {
  return until(`the statistics ${JSON.stringify(statistics)}`, async () => {
    const { body } = await program.get('/api/federation/network-stats');
    return Object.entries(statistics).every(([name, value]) => body[name] === value);
  });
}

const BEAT_INTERVAL_MS = 50;

/** Lets nodes beat until the test is over, or until the function returned is called. */
export function keepBeating(connection: NatsConnection, nodeIds: readonly string[]): () => void {
  const beat = () => {
    for (const { subject, payload } of nodeIds.map((nodeId) => heartbeat(nodeId))) {
      if (!connection.isClosed()) connection.publish(subject, payload);
    }
  };
  const timer = setInterval(beat, BEAT_INTERVAL_MS);
  const stop = () => clearInterval(timer);
  onTestFinished(stop);
  return stop;
}
