// No raw trade is kept or shown: planted prices, sizes, fees and ids are looked for in the database and its log, in the
// program's log at debug, in a heap snapshot after the fold, in the metrics, in the answers and on the wire.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startTestBackend, startTrades, TestJob, tradesPlace, type WireTrade } from '../../support/trades.ts';
import { until } from '../../support/until.ts';

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

/** The planted texts, and the planted numbers as doubles in both byte orders, that are in the bytes. */
function foundIn(bytes: Buffer): readonly string[] {
  return PLANTED.filter((text) => {
    if (bytes.includes(text)) return true;
    const value = Number(text);
    if (Number.isNaN(value)) return false;
    const [big, little] = [Buffer.alloc(8), Buffer.alloc(8)];
    big.writeDoubleBE(value);
    little.writeDoubleLE(value);
    return bytes.includes(big) || bytes.includes(little);
  });
}

it('no raw trade - is in the database, the log, the heap after the fold, the metrics, the answers or the wire', async () => {
  const place = tradesPlace('planted');
  const backend = await startTestBackend();
  const service = await startTrades(place, {
    AGGREGATOR_BACKEND_URL: backend.url,
    LOG_LEVEL: 'debug',
    NODE_OPTIONS: '--heapsnapshot-signal=SIGPWR',
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
  service.process.kill('SIGPWR');
  const snapshot = await until('the heap snapshot', () => {
    const name = readdirSync(place.folder).find((file) => file.endsWith('.heapsnapshot'));
    const text = name === undefined ? '' : readFileSync(join(place.folder, name), 'utf8');
    return text.trimEnd().endsWith('}') ? text : null;
  });
  // The snapshot is one of this program: it knows the client.
  expect(snapshot).toContain('test-client-1');
  const folder = join(place.folder, 'data');
  const names = readdirSync(folder).filter((file) => !file.endsWith('.sock'));
  const files = names.map((file) => ({ file, bytes: readFileSync(join(folder, file)) }));
  expect(files.map(({ file }) => file)).toContain('trades.db');
  expect(files.flatMap(({ file, bytes }) => foundIn(bytes).map((text) => `${file}: ${text}`))).toEqual([]);
  expect(foundIn(Buffer.from(snapshot))).toEqual([]);
  expect(foundIn(Buffer.from(shown.join('\n')))).toEqual([]);
  expect(foundIn(Buffer.from(backend.received.map(({ body }) => body).join('\n')))).toEqual([]);
  expect(await service.stop()).toBe(0);
  expect(foundIn(Buffer.from(JSON.stringify(service.log) + service.errors()))).toEqual([]);
  expect(service.log.length).toBeGreaterThan(5);
});
