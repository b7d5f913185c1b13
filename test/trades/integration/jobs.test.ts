// The running service: jobs over real sockets, a signed summary at a real backend, and restarts.

import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { isSigned } from '../../support/job-client.ts';
import {
  JobSocket,
  keyOf,
  SAMPLES,
  startIngestServer,
  startTestBackend,
  startTrades,
  TestJob,
  tradesPlace,
} from '../../support/trades.ts';
import { until } from '../../support/until.ts';

const BUCKETS = [
  {
    t: '2025-01-01T10:00:00.000Z',
    return_pct: 0,
    trades: 3,
    volume_base: 1.2,
    volume_quote: 121,
    fees_usd: 0.06,
  },
  {
    t: '2025-01-01T11:00:00.000Z',
    return_pct: 0,
    trades: 2,
    volume_base: 1.3,
    volume_quote: 134.6,
    fees_usd: 0.06,
  },
];

describe('jobs', () => {
  it('jobs - the five sample trades become one signed summary, which the job shows as its result', async () => {
    const place = tradesPlace('sample');
    const backend = await startTestBackend();
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: backend.url });
    const job = await TestJob.open(service.api);
    expect(job.id).toMatch(/^[0-9a-f]{32}$/);
    expect(job.token).toBeNull();
    expect(new URL(job.wsUrl)).toMatchObject({
      protocol: 'ws:',
      hostname: '127.0.0.1',
      pathname: `/ws/${job.id}`,
    });
    const acks = await job.send(SAMPLES);
    expect(acks).toEqual(
      SAMPLES.map(({ symbol, timestamp }) => `{"type":"ack","trade_id":"${symbol}-${timestamp}"}`),
    );
    expect(await job.get()).toEqual({
      status: 200,
      body: { job_id: job.id, status: 'collecting', trades_count: 5 },
    });
    const { status, body } = await job.process();
    const [summary] = backend.received;
    expect(status).toBe(200);
    expect(body).toEqual({
      digest: summary?.key,
      backend_response: { ok: true, digest: summary?.key },
      buckets_count: 2,
      trades_processed: 5,
    });
    expect(summary?.payload).toMatchObject({
      client_id: 'test-client-1',
      exchange: 'mock',
      period_start: '2025-01-01T10:00:00.000Z',
      period_end: '2025-01-01T12:00:00.000Z',
      hourly_buckets: BUCKETS,
      totals: { trades: 5, volume_base: 2.5, volume_quote: 255.6, fees_usd: 0.12 },
      metadata: { schema: 1, provenance: 'client_reported', return_basis: 'realized_fifo', scope: 'fills' },
    });
    expect(summary !== undefined && isSigned(summary, place.publicKey)).toBe(true);
    expect(await job.get()).toEqual({
      status: 200,
      body: { job_id: job.id, status: 'completed', trades_count: 5, result: body },
    });
    // A second call gives the same answer, and nothing is sent again.
    expect(await job.process()).toEqual({ status: 200, body });
    expect(backend.received).toHaveLength(1);
    const keys = (await (await fetch(`${service.api}/.well-known/aggregator/keys`)).json()) as {
      keys: readonly Readonly<Record<string, string>>[];
    };
    expect(keys.keys).toHaveLength(1);
    expect(keys.keys[0]?.['provenance']).toBe('client_reported');
    expect(summary !== undefined && isSigned(summary, keyOf(keys.keys[0] ?? {}))).toBe(true);
    expect(await service.stop()).toBe(0);
  });

  it('jobs - a client that knows only the documents of the earlier program works unchanged', async () => {
    const place = tradesPlace('earlier');
    const backend = await startTestBackend();
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: `${backend.url}/` });
    // An empty form-encoded POST, as `curl -X POST -d ''` sends it.
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const opened = (await (
      await fetch(`${service.api}/jobs`, { method: 'POST', headers: form, body: '' })
    ).json()) as { job_id: string; ws_url: string };
    // The URL by template, not the one of the reply.
    const { port } = new URL(opened.ws_url);
    const socket = new JobSocket(`ws://127.0.0.1:${port}/ws/${opened.job_id}`);
    const [welcome = ''] = await socket.came(1);
    expect(JSON.parse(welcome)).toEqual({
      type: 'welcome',
      job_id: opened.job_id,
      message: expect.any(String) as string,
    });
    const trade = {
      symbol: 'BTCUSDT',
      price: 50000,
      size: 0.1,
      side: 'buy',
      timestamp: 1640995200000,
      fee: 1.5,
    };
    socket.send(JSON.stringify({ type: 'trade', data: trade }));
    expect((await socket.came(2))[1]).toBe('{"type":"ack","trade_id":"BTCUSDT-1640995200000"}');
    const answer = await fetch(`${service.api}/jobs/${opened.job_id}/process`, {
      method: 'POST',
      headers: form,
      body: '',
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ buckets_count: 1, trades_processed: 1 });
    expect(backend.received).toHaveLength(1);
  });

  it('jobs - the reference backend takes what the service signs, and shows it', async () => {
    const place = tradesPlace('reference');
    const backend = await startIngestServer(place, await freePort());
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: backend.address });
    const job = await TestJob.open(service.api, { client_id: 'alice', exchange: 'binance' });
    await job.send(SAMPLES);
    const { status, body } = await job.process();
    expect(status).toBe(200);
    expect(body['backend_response']).toEqual({ ok: true, digest: body['digest'] });
    // The same trades again are the same summary: the backend knows it.
    const again = await TestJob.open(service.api, { client_id: 'alice', exchange: 'binance' });
    await again.send(SAMPLES);
    expect(await again.process()).toEqual({ status: 200, body });
  });

  it('jobs - a backend that is away is 502 with the digest, and gets the summary when it is back', async () => {
    const place = tradesPlace('away');
    const port = await freePort();
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${port}` });
    const job = await TestJob.open(service.api);
    await job.send(SAMPLES);
    const waits = job.process().catch(() => null);
    await until(
      'the first attempt',
      async () => (await service.metric('aggregator_trades_delivery_attempts_total')) > 0,
    );
    expect((await job.get()).body).toMatchObject({ status: 'processing', trades_count: 5 });
    expect((await fetch(`${service.api}/readyz`)).status).toBe(200);
    // A restart loses nothing that was sealed.
    service.process.kill('SIGKILL');
    await service.exit;
    await waits;
    const next = await startTrades(place, { AGGREGATOR_BACKEND_URL: `http://127.0.0.1:${port}` });
    const known = new TestJob(next.api, { job_id: job.id, ws_url: '' });
    expect((await known.get()).body).toMatchObject({ status: 'processing', trades_count: 5 });
    const backend = await startIngestServer(place, port);
    await until('the delivery', async () => (await known.get()).body['status'] === 'completed', 30_000);
    expect((await known.process()).body).toMatchObject({ buckets_count: 2, trades_processed: 5 });
    expect(backend.process.exitCode).toBeNull();
  });

  it('jobs - kill -9 between the answer of the backend and its record is one logical ingest', async () => {
    const place = tradesPlace('killed');
    const backend = await startTestBackend();
    const service = await startTrades(place, { AGGREGATOR_BACKEND_URL: backend.url });
    // The backend stores the summary, and its answer never arrives.
    backend.answer = () => 'silent';
    const job = await TestJob.open(service.api);
    await job.send(SAMPLES);
    const waits = job.process().catch(() => null);
    await until('the summary', () => backend.received.length === 1);
    service.process.kill('SIGKILL');
    await service.exit;
    await waits;
    backend.answer = ({ key }, count) => ({
      status: count > 1 ? 409 : 200,
      body: JSON.stringify({ ok: true, digest: key }),
    });
    const next = await startTrades(place, { AGGREGATOR_BACKEND_URL: backend.url });
    const known = new TestJob(next.api, { job_id: job.id, ws_url: '' });
    await until('the delivery', async () => (await known.get()).body['status'] === 'completed');
    expect(backend.received.length).toBe(2);
    expect(backend.digests).toHaveLength(1);
    expect(backend.received[1]?.body).toBe(backend.received[0]?.body);
  });
});
