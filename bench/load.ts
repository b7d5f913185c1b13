// The published load: real messages of 1,000 nodes, encoded as protocol bytes beforehand and cut between messages, so
// that the publisher costs next to nothing. Tasks are received and completed by three nodes each, and shuffled.

import { createHash } from 'node:crypto';

export interface LoadOptions {
  readonly tasks: number;
  /** Messages a chunk. */
  readonly chunk: number;
  /** Other seeds give other hashes. */
  readonly seed: number;
}

export interface Load {
  readonly chunks: readonly Buffer[];
  readonly messages: number;
}

const NODES = 1000;
const REPORTERS = 3;
const SHUFFLE_WINDOW = 20_000;
const TIMES = ['<100ms', '100-500ms', '500ms-1s', '1-5s', '5-10s', '10-30s', '30s-1m', '>1m'];
const AMOUNTS = ['<100K', '100K-1M', '1M-10M', '10M-100M', '>100M'];
const MEMORY = ['<64MB', '64-256MB', '256MB-1GB', '>1GB'];
const CHAINS = ['1', '5', '137', '8453', '42161'];
const TYPES = ['wasm', 'docker', 'native'];
const TIMESTAMP = '2026-01-15T10:30:00.000Z';
// The same for all: the program does not read them, but real messages carry them.
const UNREAD = { blockNumber: 12345678, blockHash: `0x${'9f'.repeat(32)}`, taskHash: `0x${'1c'.repeat(32)}` };

const nodeId = (node: number) => `node-${createHash('md5').update(String(node)).digest('hex')}`;
const NODE_IDS = Array.from({ length: NODES }, (_, node) => nodeId(node));

/** One message as the protocol has it. */
export function encode(subject: string, type: string, node: string, data: object): string {
  const payload = JSON.stringify({ version: '1.0', type, nodeId: node, timestamp: TIMESTAMP, data });
  return `PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`;
}

export function heartbeat(node: string): string {
  return encode('truebit.heartbeat', 'heartbeat', node, {
    status: 'online',
    activeTasks: 1,
    totalTasks: 51,
    activeTasksBucket: '1',
    totalTasksBucket: '50-100',
    continentBucket: 'EU',
    locationBucket: '48.0,11.5',
  });
}

/** Seven messages a task, a quarter of them also with invoices, and a heartbeat for every 20 messages. */
export function makeLoad({ tasks, chunk, seed }: LoadOptions): Load {
  const messages: string[] = [];
  for (let task = 0; task < tasks; task++) {
    const taskIdHash = createHash('sha256').update(`${seed}/${task}`).digest('hex');
    const chainId = CHAINS[task % CHAINS.length];
    for (let reporter = 0; reporter < REPORTERS; reporter++) {
      const node = NODE_IDS[(task * 7 + reporter * 331) % NODES] ?? '';
      messages.push(
        encode('truebit.tasks.received', 'task_received', node, {
          chainId,
          ...UNREAD,
          taskType: TYPES[task % TYPES.length],
          taskIdHash,
        }),
        encode('truebit.tasks.completed', 'task_completed', node, {
          chainId,
          blockNumber: UNREAD.blockNumber,
          taskIdHash,
          status: 'completed',
          success: task % 50 !== 0,
          executionTimeBucket: TIMES[task % TIMES.length],
          gasUsedBucket: AMOUNTS[task % AMOUNTS.length],
          cached: task % 3 === 0,
        }),
      );
      if (task % 4 === 0 && reporter < 2) {
        messages.push(
          encode('truebit.invoices.created', 'invoice_created', node, {
            invoiceIdHash: createHash('sha256').update(`${seed}/i${task}`).digest('hex'),
            taskIdHash,
            chainId,
            stepsComputedBucket: AMOUNTS[task % AMOUNTS.length],
            memoryUsedBucket: MEMORY[task % MEMORY.length],
            operation: 'compute',
          }),
        );
      }
    }
    if (task % 3 === 0) messages.push(heartbeat(NODE_IDS[task % NODES] ?? ''));
  }
  shuffle(messages, seed);
  return pack(messages, chunk);
}

/** Chunks of this number of messages each. */
export function pack(messages: readonly string[], chunk: number): Load {
  const chunks: Buffer[] = [];
  for (let at = 0; at < messages.length; at += chunk)
    chunks.push(Buffer.from(messages.slice(at, at + chunk).join('')));
  return { chunks, messages: messages.length };
}

/** Within windows, as the messages of many nodes arrive; the same for the same seed. */
function shuffle(messages: string[], seed: number): void {
  let state = seed + 1;
  for (let from = 0; from < messages.length; from += SHUFFLE_WINDOW) {
    const size = Math.min(SHUFFLE_WINDOW, messages.length - from);
    for (let i = size - 1; i > 0; i--) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((state / 2 ** 32) * (i + 1));
      const one = messages[from + i] ?? '';
      messages[from + i] = messages[from + j] ?? '';
      messages[from + j] = one;
    }
  }
}
