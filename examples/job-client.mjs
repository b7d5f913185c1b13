// Sends five sample trades to a job of the trades service, has them processed, and prints the signed summary's digest.
//
//   node examples/job-client.mjs [http://127.0.0.1:5000]
//
// It needs Node 22 or newer, or the package `ws` (a clone of this project has it after the first start).

const service = process.argv[2] ?? 'http://127.0.0.1:5000';
const WebSocket = globalThis.WebSocket ?? (await import('ws')).WebSocket;

/** Price, size and time of each trade. All are buys of one market, three in one hour and two in the next. */
const SAMPLES = [
  [100, 0.5, '2025-01-01T10:05:00.000Z', 0.02],
  [101, 0.4, '2025-01-01T10:20:00.000Z', 0.02],
  [102, 0.3, '2025-01-01T10:50:00.000Z', 0.02],
  [103, 0.6, '2025-01-01T11:10:00.000Z', 0.03],
  [104, 0.7, '2025-01-01T11:40:00.000Z', 0.03],
];

const trades = SAMPLES.map(([price, size, time, fee], index) => ({
  symbol: 'ETHUSDT',
  price,
  size,
  side: 'buy',
  timestamp: Date.parse(time),
  fee,
  trade_id: `sample-${index + 1}`,
}));

/** Sends a request and returns its JSON answer; an error answer ends the program. */
async function request(method, path) {
  const answer = await fetch(`${service}${path}`, { method });
  const body = await answer.json();
  if (!answer.ok) {
    console.error(`${method} ${path}: ${answer.status} ${JSON.stringify(body)}`);
    process.exit(1);
  }
  return body;
}

/** Sends the trades and resolves when each has its ack. */
function send(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let acks = 0;
    socket.addEventListener('error', () => reject(new Error(`no connection to ${url}`)));
    socket.addEventListener('close', ({ code, reason }) =>
      reject(new Error(`the service closed the connection: ${code} ${reason}`)),
    );
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'welcome') trades.forEach((trade) => socket.send(JSON.stringify({ type: 'trade', data: trade })));
      if (message.type === 'error') reject(new Error(message.message));
      if (message.type === 'ack' && ++acks === trades.length) {
        resolve();
        socket.close();
      }
    });
  });
}

const job = await request('POST', '/jobs');
await send(job.ws_url);
console.log(`sent ${trades.length} trades to job ${job.job_id}`);
const { digest, buckets_count: buckets, trades_processed: processed } = await request('POST', `/jobs/${job.job_id}/process`);
console.log(`signed and delivered: ${processed} trades in ${buckets} buckets, digest ${digest}`);
