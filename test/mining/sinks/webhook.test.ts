// Alarms over a real socket to a real server.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Timers } from '../../../src/lib/timers.ts';
import type { Alarm } from '../../../src/mining/domain/alarm.ts';
import { ALARMS_WAITING_MAX, Webhook } from '../../../src/mining/sinks/webhook.ts';
import { until } from '../../support/until.ts';

interface Posted {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
}

/** A receiver that answers as told, and keeps what it got. */
async function receiver(answer: (response: ServerResponse, count: number) => void) {
  const posted: Posted[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      posted.push({
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Posted['body'],
      });
      answer(response, posted.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { posted, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=secret` };
}

async function start(url: string | null) {
  const waits: number[] = [];
  // The waits are noted, and over at once.
  const timers: Timers = {
    after(delayMs, run) {
      waits.push(delayMs);
      const timer = setImmediate(run);
      return { cancel: () => clearImmediate(timer) };
    },
    every: () => ({ cancel: () => undefined }),
  };
  const events: string[] = [];
  const webhook = new Webhook(url, {
    timers,
    userAgent: 'aggregator/test',
    failed: (reason) => events.push(`failed ${reason}`),
    works: (dropped) => events.push(`works ${dropped}`),
  });
  await webhook.start();
  onTestFinished(() => webhook.stop());
  return { webhook, waits, events };
}

const at = Date.UTC(2026, 0, 15, 10, 30);
const alarm = (upstream = 'pool_1'): Alarm => ({
  type: 'upstream_state',
  atMs: at,
  upstream,
  from: 'ready',
  to: 'down',
  reason: 'no connection (ECONNREFUSED)',
});
const ok = (response: ServerResponse) => void response.writeHead(204).end();

describe('webhook', () => {
  it('webhook - an alarm is posted as JSON with a plain sentence', async () => {
    const { posted, url } = await receiver(ok);
    const { webhook, events } = await start(url);
    webhook.tell(alarm());
    await until('taken', () => webhook.counts.sent === 1);
    expect(posted).toMatchObject([
      {
        path: '/hook?key=secret',
        headers: { 'content-type': 'application/json', 'user-agent': 'aggregator/test' },
        body: {
          type: 'upstream_state',
          at: '2026-01-15T10:30:00.000Z',
          text: 'Upstream pool_1 is down (was ready): no connection (ECONNREFUSED)',
          content: 'Upstream pool_1 is down (was ready): no connection (ECONNREFUSED)',
          allowed_mentions: { parse: [] },
          details: { upstream: 'pool_1', from: 'ready', to: 'down', reason: 'no connection (ECONNREFUSED)' },
        },
      },
    ]);
    expect(events).toEqual([]);
  });

  it("webhook - a pool's text is one short line without markup, mentions and control characters", async () => {
    const { posted, url } = await receiver(ok);
    const { webhook } = await start(url);
    const text = `<!channel> @everyone \u001b[31m\n[x](http://evil) ${'y'.repeat(1000)}`;
    webhook.tell({ type: 'not_assigned', atMs: at, upstream: 'a', accountId: '<b>', text });
    await until('taken', () => webhook.counts.sent === 1);
    const { text: sentence, details } = posted[0]?.body ?? {};
    expect(sentence).toMatch(
      /^Account b is not assigned at upstream a: !channel everyone 31m x \(http:\/\/evil\) y{200,}…$/,
    );
    expect((details as { text: string }).text).toHaveLength(301);
    expect(JSON.stringify(posted[0]?.body)).not.toMatch(/\\u00|\\n/);
  });

  it('webhook - a failing receiver gets three attempts for each alarm; the first drop and the first success after it are told', async () => {
    const { posted, url } = await receiver((response, count) =>
      count <= 6 ? void response.writeHead(503).end() : ok(response),
    );
    const { webhook, waits, events } = await start(url);
    for (const name of ['a', 'b', 'c']) webhook.tell(alarm(name));
    await until('taken', () => webhook.counts.sent === 1);
    expect(posted.map(({ body }) => (body['details'] as { upstream: string }).upstream).join('')).toBe(
      'aaabbbc',
    );
    expect(waits).toEqual([1_000, 4_000, 1_000, 4_000]);
    expect(events).toEqual(['failed status 503', 'works 2']);
    expect(webhook.counts).toEqual({ waiting: 0, sent: 1, failed: 6, dropped: 2 });
  });

  it('webhook - 429 is tried again when the receiver allows it, and 404 is not', async () => {
    const { url } = await receiver((response, count) => {
      if (count === 1) response.writeHead(429, { 'retry-after': '30' }).end();
      else if (count === 2) ok(response);
      else response.writeHead(404).end();
    });
    const { webhook, waits, events } = await start(url);
    webhook.tell(alarm());
    webhook.tell(alarm());
    await until('both are over', () => webhook.counts.sent + webhook.counts.dropped === 2);
    expect(waits).toEqual([30_000]);
    expect(events).toEqual(['failed status 404']);
  });

  it('webhook - while a receiver hangs the queue is bounded and the oldest are dropped; the stop ends the request', async () => {
    const { posted, url } = await receiver(() => undefined);
    const { webhook, events } = await start(url);
    webhook.tell(alarm('first'));
    await until('under way', () => posted.length === 1);
    for (let index = 0; index < ALARMS_WAITING_MAX + 5; index++) webhook.tell(alarm());
    expect(webhook.counts).toMatchObject({ waiting: ALARMS_WAITING_MAX, dropped: 5 });
    expect(events).toEqual(['failed too many alarms wait']);
    await webhook.stop();
    await until('all are accounted for', () => webhook.counts.dropped === ALARMS_WAITING_MAX + 6);
    expect(webhook.counts).toMatchObject({ waiting: 0, sent: 0 });
  });

  it('webhook - without an address it keeps nothing; the address can change', async () => {
    const { posted, url } = await receiver(ok);
    const { webhook } = await start(null);
    webhook.tell(alarm());
    expect(webhook.counts).toEqual({ waiting: 0, sent: 0, failed: 0, dropped: 0 });
    webhook.change(url);
    webhook.tell(alarm());
    await until('taken', () => posted.length === 1 && webhook.counts.sent === 1);
  });

  it('webhook - nothing that listens, and an address that cannot be used, are failures without the address', async () => {
    const { webhook, events } = await start('http://127.0.0.1:9/secret');
    webhook.tell(alarm());
    await until('dropped', () => webhook.counts.dropped === 1);
    webhook.change('ftp://secret');
    webhook.tell(alarm());
    await until('dropped too', () => webhook.counts.dropped === 2);
    expect(events).toEqual(['failed ECONNREFUSED']);
  });
});
