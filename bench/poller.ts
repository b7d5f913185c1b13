// A process of miners, started by pollers.ts: kept connections that each ask for the mining information once a second, on
// a fixed schedule that waits for no answer.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { constants, setPriority } from 'node:os';

/** What the process is told. */
export type PollerOrder =
  | { readonly type: 'connect'; readonly port: number; readonly connections: number; readonly first: number }
  | { readonly type: 'poll'; readonly seconds: number }
  | { readonly type: 'end' };

/** Every connection has had an answer with the block. */
export interface BlockSeen {
  readonly type: 'block';
  readonly blockHash: string;
  /** Of the last connection, and of half of them; ms of the system's monotonic clock. */
  readonly lastMs: number;
  readonly medianMs: number;
}

/** What a process measured while it polled. */
export interface PollsMeasured {
  readonly type: 'polled';
  readonly latenciesMs: Float64Array;
  readonly latenessMs: Float64Array;
  readonly sent: number;
  readonly lost: number;
}

/** What the process tells. */
export type PollerReport = { readonly type: 'ready' | 'connected' } | PollsMeasured | BlockSeen;

interface Miner {
  readonly socket: Socket;
  readonly request: Buffer;
  /** The intended moments of the polls that have no answer yet, oldest first. */
  readonly due: number[];
  /** Beginning of an answer that has not come whole. */
  text: string;
  blockHash: string;
}

const SECOND_MS = 1_000;
/** Connections that are made at once. */
const CONNECTING = 200;
/** An answer that has not come by then is lost. */
const ANSWER_MS = 10_000;
const HEADERS_END = '\r\n\r\n';

const miners: Miner[] = [];
let latencies: number[] = [];
let wrong = 0;
/** Connections that have had an answer with the block, and when half of them had. */
const blocks = new Map<string, { connections: number; medianMs: number }>();

/** The monotonic clock that all processes of the machine share, in ms. */
function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function tell(report: PollerReport): void {
  process.send?.(report);
}

function requestOf(miner: number): Buffer {
  const body = `{"jsonrpc":"2.0","id":${miner},"method":"get_mining_info","params":[]}`;
  const headers = [
    'POST / HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: */*',
    `x-miner: miner-${miner}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${headers.join('\r\n')}${HEADERS_END}${body}`);
}

async function open(port: number, number: number): Promise<Miner> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  const miner: Miner = { socket, request: requestOf(number), due: [], text: '', blockHash: '' };
  socket.setEncoding('latin1').on('data', (text: string) => take(miner, text));
  // What is due stays without an answer.
  socket.on('error', () => undefined);
  return miner;
}

/** Takes the answers in the text, of which the last one may not have come whole. */
function take(miner: Miner, text: string): void {
  miner.text += text;
  for (;;) {
    const headers = miner.text.indexOf(HEADERS_END);
    if (headers === -1) return;
    const [, length] = /content-length: (\d+)/i.exec(miner.text) ?? [];
    const end = headers + HEADERS_END.length + Number(length);
    if (miner.text.length < end) return;
    answered(miner, miner.text.slice(headers, end));
    miner.text = miner.text.slice(end);
  }
}

function answered(miner: Miner, body: string): void {
  const nowMs = clockMs();
  const dueMs = miner.due.shift();
  const [, blockHash] = /"block_hash":"(\w+)"/.exec(body) ?? [];
  if (dueMs === undefined || blockHash === undefined) {
    wrong++;
    return;
  }
  latencies.push(nowMs - dueMs);
  if (blockHash === miner.blockHash) return;
  miner.blockHash = blockHash;
  const block = blocks.get(blockHash) ?? { connections: 0, medianMs: 0 };
  blocks.set(blockHash, block);
  block.connections++;
  if (block.connections === Math.ceil(miners.length / 2)) block.medianMs = nowMs;
  if (block.connections === miners.length)
    tell({ type: 'block', blockHash, lastMs: nowMs, medianMs: block.medianMs });
}

async function poll(seconds: number): Promise<void> {
  latencies = [];
  wrong = 0;
  const late: number[] = [];
  const total = Math.round(seconds * miners.length);
  const startMs = clockMs();
  const dueMsOf = (index: number) => startMs + (index * SECOND_MS) / miners.length;
  for (let next = 0; next < total; ) {
    for (let nowMs = clockMs(); next < total && dueMsOf(next) <= nowMs; next++) {
      const miner = miners[next % miners.length];
      miner?.due.push(dueMsOf(next));
      miner?.socket.write(miner.request);
      late.push(clockMs() - dueMsOf(next));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const untilMs = clockMs() + ANSWER_MS;
  while (latencies.length + wrong < total && clockMs() < untilMs)
    await new Promise((resolve) => setTimeout(resolve, 10));
  tell({
    type: 'polled',
    latenciesMs: Float64Array.from(latencies),
    latenessMs: Float64Array.from(late),
    sent: total,
    lost: total - latencies.length,
  });
}

// Miners are other machines. On this one their process goes first, if the user may do that, so that it is on time.
try {
  setPriority(constants.priority.PRIORITY_HIGH);
} catch {
  // Then its lateness counts as the program's.
}
process.on('message', (order: PollerOrder) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ type: 'ready' });

async function obey(order: PollerOrder): Promise<void> {
  switch (order.type) {
    case 'connect':
      while (miners.length < order.connections) {
        const count = Math.min(CONNECTING, order.connections - miners.length);
        const first = order.first + miners.length;
        miners.push(
          ...(await Promise.all(
            Array.from({ length: count }, (_, index) => open(order.port, first + index)),
          )),
        );
      }
      tell({ type: 'connected' });
      return;
    case 'poll':
      await poll(order.seconds);
      return;
    case 'end':
      process.exit();
  }
}
