// Receivers of notices for tests: real servers, and time that the test moves by hand.

import { onTestFinished } from 'vitest';
import type { ReceiverParts } from '../../src/notify/receiver.ts';
import { type ReceiverConfig, Receivers } from '../../src/notify/receivers.ts';
import { answeringServer, type Behaviour } from './http-servers.ts';
import { ManualTime } from './manual-time.ts';
import { until } from './until.ts';

/** Takes everything. */
export const takes: Behaviour = (_seen, response) => void response.writeHead(204).end();

/** Refuses with a status. */
export function refuses(status: number, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return (_seen, response) => void response.writeHead(status, headers).end('no');
}

/** A server that is closed at the end of the test. */
export async function receivingServer(behaviour: Behaviour = takes) {
  const server = await answeringServer(behaviour);
  onTestFinished(() => server.close());
  return {
    ...server,
    url: `${server.url}hook?key=geheim`,
    bodies: () => server.seen.map(({ body }) => JSON.parse(body) as Readonly<Record<string, unknown>>),
  };
}

/** A receiver that is told everything. */
export function receiverConfig(url: string, more: Partial<ReceiverConfig> = {}): ReceiverConfig {
  return {
    name: 'ops',
    url,
    form: 'json',
    minIntervalMs: 60_000,
    nodes: ['*'],
    events: ['node_offline', 'node_online', 'lost'],
    ...more,
  };
}

/** What receivers need, with time that the test moves, and what they say. */
export interface TestParts {
  readonly parts: ReceiverParts;
  readonly time: ManualTime;
  readonly events: string[];
}

export function receiverParts(): TestParts {
  const time = new ManualTime();
  const events: string[] = [];
  const parts: ReceiverParts = {
    clock: time,
    timers: time,
    random: () => 0,
    userAgent: 'aggregator/test',
    source: () => ({ name: 'aggregator test', id: 'test', url: null }),
    failed: (name, reason) => events.push(`${name} failed: ${reason}`),
    works: (name, dropped) => events.push(`${name} works: ${dropped}`),
  };
  return { parts, time, events };
}

/** Started receivers whose time the test moves. */
export async function startReceivers(configs: readonly ReceiverConfig[]) {
  const { parts, time, events } = receiverParts();
  const receivers = new Receivers(configs, parts);
  await receivers.start();
  onTestFinished(async () => {
    // The time for what waits at the stop passes too.
    const stopped = receivers.stop();
    await time.advance(10_000, () => Promise.resolve());
    await stopped;
  });
  const pass = (ms: number) => time.advance(ms, () => Promise.resolve());
  /** Waits until the counts have these values. */
  const counted = (wanted: Partial<Receivers['totals']>) =>
    until(`counts ${JSON.stringify(wanted)}, not ${JSON.stringify(receivers.totals)}`, () =>
      Object.entries(wanted).every(
        ([name, count]) => receivers.totals[name as keyof typeof wanted] === count,
      ),
    );
  return { receivers, time, events, pass, counted };
}
