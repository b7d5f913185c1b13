// No raw trade is kept or shown: planted prices, sizes, fees and ids are looked for in the database and its log, in the
// program's log at debug, in the heaps of all its threads after the fold, in the metrics, in the answers and on the wire.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { jobMarket } from '../../../src/trades/domain/market.ts';
import { TradeLog } from '../../../src/trades/domain/trade-log.ts';
import { TradeReader } from '../../../src/trades/sources/read-trade.ts';
import { HeapInspector, type InspectedHeap } from '../../support/inspected-heaps.ts';
import { startTestBackend, startTrades, TestJob, tradesPlace, type WireTrade } from '../../support/trades.ts';

/** Digits that no sum has. */
const PRICES = ['73519.4217', '71833.9641', '70207.1533'];
const SIZES = ['0.0417377', '0.0931717', '0.0573179'];
const FEES = ['0.00731931', '0.00519373', '0.00317193'];
const IDS = ['planted-id-aa71', 'planted-id-bb72', 'planted-id-cc73'];
const PLANTED = [...PRICES, ...SIZES, ...FEES, ...IDS];

const TRADES: readonly WireTrade[] = PRICES.map((price, index) => ({
  symbol: 'BTCUSDT',
  price: index === 1 ? Number(price) : price,
  size: index === 1 ? Number(SIZES[index]) : (SIZES[index] ?? ''),
  side: index === 2 ? 'sell' : 'buy',
  timestamp: Date.parse('2025-01-01T10:00:00Z') + index,
  fee: FEES[index] ?? '',
  trade_id: IDS[index] ?? '',
}));

/** What tells each planted value: its text in two encodings, a number also as a double in both byte orders. */
const PATTERNS: readonly (readonly [string, Buffer])[] = [
  ...PLANTED.flatMap((text): (readonly [string, Buffer])[] => {
    const texts = [Buffer.from(text), Buffer.from(text, 'utf16le')];
    const value = Number(text);
    if (Number.isNaN(value)) return texts.map((bytes) => [text, bytes]);
    const [big, little] = [Buffer.alloc(8), Buffer.alloc(8)];
    big.writeDoubleBE(value);
    little.writeDoubleLE(value);
    return [...texts, big, little].map((bytes) => [text, bytes]);
  }),
  ['the first trade, packed as in a job', packed()],
];
const BYTES = PATTERNS.map(([, bytes]) => bytes);

/** The beginning of the bytes in which a job keeps these trades. */
function packed(): Buffer {
  const log = new TradeLog();
  const reader = new TradeReader(jobMarket);
  for (const trade of TRADES) {
    const read = reader.read(trade, Date.now());
    if (read === null) throw new Error('a planted trade is refused');
    log.append(read.trade);
  }
  const [block = new Uint8Array()] = log.release().blocks;
  return Buffer.from(block.subarray(0, 16));
}

/** The planted values that are in the bytes. */
function foundIn(bytes: Buffer): readonly string[] {
  return PATTERNS.filter(([, pattern]) => bytes.includes(pattern)).map(([text]) => text);
}

/** The planted values in a heap. */
function foundInHeap({ snapshot, inBuffers }: InspectedHeap): readonly string[] {
  const inObjects = PLANTED.filter((text) => snapshot.includes(text));
  return [...inObjects, ...inBuffers.map((place) => `${PATTERNS[place]?.[0]} (in a buffer)`)];
}

/** Keeps an id, a price and the bytes of a size in the thread that evaluates it. */
const PLANT = `globalThis.kept = ['${IDS[0]}', { price: ${PRICES[1]} / 2 * 2 }, Buffer.alloc(70000).fill('${SIZES[2]}')]`;

it('no raw trade - is in the database, the log, the heap after the fold, the metrics, the answers or the wire', async () => {
  const place = tradesPlace('planted');
  const backend = await startTestBackend();
  const service = await startTrades(place, {
    AGGREGATOR_BACKEND_URL: backend.url,
    LOG_LEVEL: 'debug',
    NODE_OPTIONS: '--inspect=127.0.0.1:0',
  });
  const job = await TestJob.open(service.api);
  await job.send(TRADES);
  // Rubbish with planted values must not reach the log either.
  const rubbish = await TestJob.open(service.api);
  await rubbish.send([
    { ...TRADES[0], side: 'hold' } as WireTrade,
    { ...TRADES[1], price: '-73519.4217' } as WireTrade,
  ]);
  const answer = await job.process();
  expect(answer.status).toBe(200);
  const shown = await Promise.all(
    [
      '/metrics',
      '/readyz',
      '/',
      '/api/trades/health',
      '/api/trades/outbox',
      '/api/trades/jobs',
      `/jobs/${job.id}`,
    ].map(async (path) => (await fetch(`${service.api}${path}`)).text()),
  );
  const inspector = await HeapInspector.open(/ws:\/\/\S+/.exec(service.errors())?.[0] ?? '');
  const heaps = await inspector.heaps(BYTES);
  const threadOf = (file: string) => heaps.find(({ snapshot }) => snapshot.includes(`${file}.ts`));
  const sealThread = threadOf('workers/seal-thread');
  for (const heap of [threadOf('threads/main'), threadOf('threads/writer'), threadOf('workers/pool-thread')])
    expect(heap).toBeDefined();
  expect(heaps.map(foundInHeap)).toEqual([[], [], [], []]);
  // What a thread keeps is found: text, number or bytes.
  if (sealThread === undefined) throw new Error('no seal thread');
  await inspector.evaluate(sealThread, PLANT);
  const planted = foundInHeap(await inspector.again(sealThread, BYTES));
  inspector.close();
  const folder = join(place.folder, 'data');
  const names = readdirSync(folder).filter((file) => !file.endsWith('.sock'));
  const files = names.map((file) => ({ file, bytes: readFileSync(join(folder, file)) }));
  expect(files.map(({ file }) => file)).toContain('trades.db');
  expect(files.flatMap(({ file, bytes }) => foundIn(bytes).map((text) => `${file}: ${text}`))).toEqual([]);
  expect(planted).toEqual(expect.arrayContaining([IDS[0], PRICES[1], `${SIZES[2]} (in a buffer)`]));
  expect(foundIn(Buffer.from(shown.join('\n')))).toEqual([]);
  expect(foundIn(Buffer.from(backend.received.map(({ body }) => body).join('\n')))).toEqual([]);
  expect(await service.stop()).toBe(0);
  expect(foundIn(Buffer.from(JSON.stringify(service.log) + service.errors()))).toEqual([]);
  expect(service.log.length).toBeGreaterThan(5);
});
