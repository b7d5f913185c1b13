// The cost of 1,000 open dashboards for the ingest: the real program takes the same messages with and without them, in
// turns, and its processor time and pace are compared. A page acts like a browser: it reads the live feed, asks for a
// page of nodes every 10 s, and for histories after each tick. All of it runs on this machine too, which real browsers
// do not.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'nats';
import { startAggregator } from '../test/support/aggregator.ts';
import { ownFolder } from '../test/support/embedded.ts';
import { until } from '../test/support/until.ts';
import { machine, median } from './machine.ts';

const PAGES = 1_000;
const MESSAGES = 200_000;
const ROUNDS = 3;
const NODES = 500;
const NODES_INTERVAL_MS = 10_000;
const HISTORY_INTERVAL_MS = 30_000;

interface Counts {
  events: number;
  answers: number;
  refusals: number;
}

/** Resolves when the feed is open, with a function that closes it. */
async function openFeed(url: string, counts: Counts): Promise<() => void> {
  const request = get(`${url}/api/federation/events`, { agent: new Agent() });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the feed answered ${response.statusCode}`);
  response.on('data', (chunk: Buffer) => {
    if (chunk.includes('event: change')) counts.events++;
  });
  // Both report that the bench itself closes the feed.
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  return () => request.destroy();
}

/** Opens pages; the function returned closes them. */
async function openPages(url: string, counts: Counts): Promise<() => void> {
  const agent = new Agent({ keepAlive: true });
  const timers: NodeJS.Timeout[] = [];
  const ask = (path: string) => {
    get(`${url}${path}`, { agent }, (response) => {
      if (response.statusCode === 200) counts.answers++;
      else counts.refusals++;
      response.resume();
    }).on('error', () => counts.refusals++);
  };
  const closers = await Promise.all(Array.from({ length: PAGES }, () => openFeed(url, counts)));
  const repeat = (intervalMs: number, work: () => void) => {
    // Spread over the interval, as people come.
    timers.push(setTimeout(() => timers.push(setInterval(work, intervalMs)), Math.random() * intervalMs));
  };
  for (let page = 0; page < PAGES; page++) {
    repeat(NODES_INTERVAL_MS, () => ask('/api/federation/nodes?sort=-lastSeen&page=1&strip=48'));
    repeat(HISTORY_INTERVAL_MS, () => {
      // As of the latest tick: all pages ask the same question.
      const to = new Date(Math.floor(Date.now() / HISTORY_INTERVAL_MS) * HISTORY_INTERVAL_MS).toISOString();
      for (const period of ['all', '1h']) ask(`/api/federation/history?period=${period}&to=${to}&points=400`);
    });
  }
  return () => {
    for (const timer of timers) clearTimeout(timer);
    for (const close of closers) close();
    agent.destroy();
  };
}

export async function benchPages(): Promise<void> {
  const { folder, env, natsUrl } = await ownFolder('bench-pages');
  const program = startAggregator({ ...env, PUBLISH_INTERVAL: '30000', LOG_LEVEL: 'info' });
  const costs: Record<'without' | 'with', { seconds: number; cpuSeconds: number }[]> = {
    without: [],
    with: [],
  };
  const counts: Counts = { events: 0, answers: 0, refusals: 0 };
  try {
    await program.ready();
    const connection = await connect({ servers: natsUrl });
    const cpu = () => program.metric('process_cpu_seconds_total');
    let task = 0;
    const load = async () => {
      const [startedMs, cpuBefore] = [performance.now(), await cpu()];
      for (const end = task + MESSAGES; task < end; task++) {
        const taskIdHash = task.toString(16).padStart(64, '0');
        const data = { chainId: '1', taskType: 'wasm', taskIdHash };
        const envelope = { version: '1.0', type: 'task_received', nodeId: `node-${task % NODES}`, data };
        connection.publish('truebit.tasks.received', JSON.stringify(envelope));
        if (task % 500 === 0) await connection.flush();
      }
      await connection.flush();
      await until(
        'all to be counted',
        async () => (await program.metric('aggregator_messages_total')) === task,
        120_000,
      );
      return { seconds: (performance.now() - startedMs) / 1000, cpuSeconds: (await cpu()) - cpuBefore };
    };
    await load();
    for (let round = 0; round < ROUNDS; round++) {
      costs.without.push(await load());
      const close = await openPages(await program.url(), counts);
      costs.with.push(await load());
      close();
      await until(
        'the pages to be gone',
        async () => (await program.metric('aggregator_feed_clients')) === 0,
      );
    }
    await connection.close();
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true });
  }
  const of = (which: 'without' | 'with', pick: (cost: { seconds: number; cpuSeconds: number }) => number) =>
    median(costs[which].map(pick));
  console.log(`pages  ${machine()}`);
  for (const [name, pick] of [
    ['time', (cost: { seconds: number }) => cost.seconds],
    ['processor time of the program', (cost: { cpuSeconds: number }) => cost.cpuSeconds],
  ] as const) {
    const [without, withPages] = [of('without', pick), of('with', pick)];
    console.log(
      `  ${name} for ${MESSAGES} messages: ${without.toFixed(2)} s without pages, ${withPages.toFixed(2)} s with ${PAGES}: ratio ${(withPages / without).toFixed(2)}`,
    );
  }
  console.log(
    `  the pages had ${counts.events} events, ${counts.answers} answers, ${counts.refusals} refusals`,
  );
}
