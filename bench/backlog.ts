// A long absence: a million messages wait in the stream when the program starts, and its commits are slow. Measures the
// memory until all are counted, and whether any message was shed or lost, or reading began again.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from 'nats';
import { SUBJECTS } from '../src/federation/domain/vocabulary.ts';
import { type Aggregator, SERVE_WITH_SEAMS, startAggregator } from '../test/support/aggregator.ts';
import { startNatsServer } from '../test/support/nats-server.ts';
import { machine } from './machine.ts';

const MESSAGES = 1_000_000;
const COMMIT_DELAYS_MS = [0, 250, 1000];
const NODES = 1000;
const STREAM = 'TRUEBIT_INGEST';

/** Every task is received and completed by one node, every eighth message is a heartbeat. */
function messageOf(number: number): { readonly subject: string; readonly payload: string } {
  const nodeId = `node-3f0c0a54-7d0f-4b8e-9d5c-${(number % NODES).toString(16).padStart(12, '0')}`;
  const envelope = (type: string, data: object) =>
    JSON.stringify({ version: '1.0', type, nodeId, timestamp: '2026-01-15T10:30:00.000Z', data });
  const task = Math.floor(number / 2);
  const hash = (task * 2_654_435_761).toString(16).padStart(64, 'a');
  const seen = { chainId: '1', blockNumber: 12_345_678, taskIdHash: hash };
  if (number % 8 === 7) {
    const data = {
      status: 'online',
      activeTasks: 1,
      totalTasks: 51,
      totalTasksBucket: '50-100',
      continentBucket: 'EU',
    };
    return { subject: 'truebit.heartbeat', payload: envelope('heartbeat', data) };
  }
  if (number % 2 === 0) {
    const data = { ...seen, blockHash: `0x${hash}`, taskHash: `0x${hash}`, taskType: 'wasm' };
    return { subject: 'truebit.tasks.received', payload: envelope('task_received', data) };
  }
  const data = {
    ...seen,
    status: 'completed',
    success: true,
    executionTimeBucket: '<100ms',
    gasUsedBucket: '100K-1M',
  };
  return { subject: 'truebit.tasks.completed', payload: envelope('task_completed', data) };
}

async function fillStream(url: string): Promise<void> {
  const connection = await connect({ servers: url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: STREAM, subjects: [...SUBJECTS] });
  for (let number = 0; number < MESSAGES; number++) {
    const { subject, payload } = messageOf(number);
    connection.publish(subject, payload);
    if (number % 5000 === 4999) await connection.flush();
  }
  await connection.flush();
  const { state } = await manager.streams.info(STREAM);
  if (state.messages !== MESSAGES) throw new Error(`the stream holds ${state.messages}`);
  await connection.close();
}

function statusOf(program: Aggregator, member: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${program.process.pid ?? 0}/status`, 'utf8');
  return Number(new RegExp(`${member}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024;
}

async function catchUp(folder: string, url: string, commitDelayMs: number): Promise<void> {
  const startedMs = performance.now();
  const program = startAggregator(
    {
      DB_PATH: join(folder, `delay-${commitDelayMs}.db`),
      NATS_URL: url,
      RATE_LIMIT_PER_MINUTE: '0',
      PUBLISH_INTERVAL: '1000',
      LOG_LEVEL: 'info',
      SEAMS: JSON.stringify({ commitDelayMs }),
    },
    SERVE_WITH_SEAMS,
  );
  const counted = (outcome: string) => program.metric('aggregator_messages_total', `outcome="${outcome}"`);
  // Once a second, because more frequent requests would themselves take memory.
  await program.url();
  while ((await program.metric('aggregator_messages_total')) < MESSAGES) await wait(1000);
  const seconds = (performance.now() - startedMs) / 1000;
  const peak = statusOf(program, 'VmHWM');
  const facts = [
    `${await counted('applied')} applied`,
    `${await counted('shed')} shed`,
    `${await program.metric('aggregator_messages_lost_total')} lost`,
    `read from the start ${program.log.filter(({ msg }) => msg.includes('reading the stream')).length} time(s)`,
  ];
  console.log(
    `  commits ${commitDelayMs} ms slower: ${seconds.toFixed(1)} s, most memory ${peak.toFixed(0)} MiB resident; ${facts.join(', ')}`,
  );
  await program.stop();
}

export async function benchBacklog(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aggregator-bench-'));
  const broker = await startNatsServer({ storeFolder: join(folder, 'stream') });
  try {
    console.log(`backlog  ${machine()} (aim: at most 500 MB = 476 MiB)`);
    await fillStream(broker.url);
    for (const delayMs of COMMIT_DELAYS_MS) await catchUp(folder, broker.url, delayMs);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
}
