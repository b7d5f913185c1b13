// A process of clients, started by trades-jobs.ts: many jobs, each with a connection that sends trades at an even pace;
// at the end each client asks for its summary, all at once.

import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { openTradeClient, sendTrades, tradeFrames } from './trade-client.ts';

/** What the process is told. */
export type LoadOrder =
  | { readonly type: 'open'; readonly api: string; readonly jobs: number }
  | { readonly type: 'send'; readonly trades: number; readonly seconds: number }
  | { readonly type: 'process' }
  | { readonly type: 'end' };

/** What the process tells: an order is carried out, and how long it took. */
export interface LoadReport {
  readonly done: LoadOrder['type'] | 'ready';
  readonly seconds: number;
  /** Trades that have an ack, or those in the summaries. */
  readonly trades: number;
}

/** Jobs that are opened at once. */
const OPENING = 50;

interface Client {
  readonly id: string;
  readonly socket: Socket;
}

let api = '';
let clients: Client[] = [];
/** A connection for each call: each client is a program of its own. */
const agent = new Agent({ keepAlive: false, maxSockets: Infinity });

function post(path: string): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const sent = request(`${api}${path}`, { method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Readonly<Record<string, unknown>>);
        else reject(new Error(`POST ${path}: ${response.statusCode} ${text}`));
      });
    });
    sent.on('error', reject).end();
  });
}

async function openJob(): Promise<Client> {
  const opened = await post('/jobs');
  return { id: String(opened['job_id']), socket: await openTradeClient(String(opened['ws_url']), true) };
}

async function open(jobs: number): Promise<number> {
  while (clients.length < jobs) {
    const more = Math.min(OPENING, jobs - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: more }, openJob))));
  }
  return 0;
}

/** Each client sends a trade at a time, the clients one after the other, so that trades come evenly. */
async function send(trades: number, seconds: number): Promise<number> {
  const frames = tradeFrames(0, trades, { hasIds: true, perFrame: 1, together: 1 });
  const sending: Promise<void>[] = [];
  const startMs = performance.now();
  const all = trades * clients.length;
  for (let count = 0; count < all; ) {
    const dueNow = Math.floor(((performance.now() - startMs) / 1000 / seconds) * all);
    // At most one trade of a client at a time, even if this process is late.
    const due = Math.min(all, dueNow, count + clients.length);
    for (; count < due; count++) {
      const client = clients[count % clients.length] as Client;
      const buffer = frames.buffers[Math.floor(count / clients.length)] as Buffer;
      sending.push(sendTrades(client.socket, { ...frames, buffers: [buffer] }, 1));
    }
    await Promise.all(sending.splice(0));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return all;
}

async function processAll(): Promise<number> {
  const done = await Promise.all(clients.map(({ id }) => post(`/jobs/${id}/process`)));
  return done.reduce((sum, one) => sum + Number(one['trades_processed']), 0);
}

async function carryOut(order: LoadOrder): Promise<number> {
  switch (order.type) {
    case 'open':
      api = order.api;
      return open(order.jobs);
    case 'send':
      return send(order.trades, order.seconds);
    case 'process':
      return processAll();
    case 'end':
      for (const { socket } of clients) socket.destroy();
      clients = [];
      process.disconnect();
      return 0;
  }
}

const tell = (report: LoadReport) => process.send?.(report);

process.on('message', (order: LoadOrder) => {
  const startMs = performance.now();
  void carryOut(order).then((trades) => {
    if (order.type !== 'end')
      tell({ done: order.type, seconds: (performance.now() - startMs) / 1000, trades });
  });
});
tell({ done: 'ready', seconds: 0, trades: 0 });
