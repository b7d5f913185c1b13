// The live feed over real sockets: the events that a reader gets, and that a reader that does not read costs nothing.

import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  FEED_BACKLOG_BYTES_MAX,
  FEED_CLIENTS_MAX,
  FEED_HEARTBEAT_MS,
  FEED_INTERVAL_MS,
  FEED_LIFE_MAX_MS,
} from '../../src/http/feed.ts';
import { Feed } from '../../src/http/feed.ts';
import { liveState } from '../../src/federation/http/live-state.ts';
import { until } from '../support/until.ts';
import { createServer, LIVE, startServer, statisticsOf } from '../federation/http/parts.ts';

interface FeedEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads the feed until the test is over. */
async function readFeed(
  url: string,
): Promise<{ events: FeedEvent[]; comments: () => number; ended: Promise<void> }> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(`${url}/api/federation/events`, { signal: abort.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const events: FeedEvent[] = [];
  let comments = 0;
  const ended = (async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      const parts = `${text}${new TextDecoder().decode(chunk as Uint8Array)}`.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
        if (event !== undefined && data !== undefined)
          events.push({ event, data: JSON.parse(data) as FeedEvent['data'] });
        if (part === ':') comments++;
      }
    }
  })().catch(() => undefined);
  return { events, comments: () => comments, ended };
}

describe('http - live feed', () => {
  it('begins with all values, then sends only changes, at most twice a second', async () => {
    let online = 0;
    let statistics: ReturnType<typeof statisticsOf> | null = null;
    const url = await startServer({
      current: () => liveState({ ...LIVE, nodes: { online, stale: 1, offline: 0 } }),
      statistics: () => statistics,
    });
    const first = await readFeed(url);
    await until('the snapshot', () => first.events.length === 1);
    expect(first.events[0]).toMatchObject({
      event: 'snapshot',
      data: { status: 'ready', nodes: { online: 0, stale: 1 }, statistics: null },
    });
    const changing = setInterval(() => online++, 10);
    const startedMs = performance.now();
    await until('five changes', () => first.events.length >= 6);
    clearInterval(changing);
    expect(performance.now() - startedMs).toBeGreaterThan(4 * FEED_INTERVAL_MS);
    const { at, nodes, ...rest } = first.events[1]?.data ?? {};
    expect(at).toBe('2026-01-15T00:00:00.000Z');
    expect(Object.keys(nodes as object)).toEqual(['online', 'active', 'total']);
    expect(rest).toEqual({});
    statistics = statisticsOf({ totalTasks: 7 });
    await until('the tick', () =>
      first.events.some(({ data }) => data['statistics'] !== undefined && data['statistics'] !== null),
    );
    const second = await readFeed(url);
    await until('a second snapshot', () => second.events.length === 1);
    expect(second.events[0]?.data).toMatchObject({
      nodes: { online },
      statistics: { all: { totalTasks: 7, status: 'connected' } },
    });
  });

  it('drops a reader that does not read, counts it, and continues to serve the others', async () => {
    let turn = 0;
    const feed = new Feed({
      document: () => ({ text: `${turn++}${'x'.repeat(FEED_BACKLOG_BYTES_MAX / 2)}` }),
      nowMs: () => 0,
      monotonicMs: () => 0,
    });
    onTestFinished(() => feed.stop());
    // This stream accepts writes and never completes them, as a connection whose other end does not read.
    const deaf = new Writable({ write: () => undefined });
    let taken = 0;
    const quick = new Writable({
      write: (_chunk, _encoding, done) => {
        taken++;
        done();
      },
    });
    feed.add(deaf);
    feed.add(quick);
    await until('the deaf one to be dropped', () => deaf.destroyed);
    expect(deaf.writableLength).toBeLessThan(2 * FEED_BACKLOG_BYTES_MAX);
    const before = taken;
    await until('more events', () => taken > before);
    expect(feed.counts).toEqual({ clients: 1, dropped: 1, refused: 0 });
  });

  it('sends a comment every 15 s when nothing changes, so that no proxy takes the connection for dead', () => {
    vi.useFakeTimers();
    try {
      let value = 0;
      const feed = new Feed({ document: () => ({ value }), nowMs: () => 0, monotonicMs: () => 0 });
      const written: string[] = [];
      const reader = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          written.push(chunk.toString());
          done();
        },
      });
      feed.add(reader);
      written.length = 0;
      vi.advanceTimersByTime(FEED_HEARTBEAT_MS - 1);
      expect(written).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(written).toEqual([':\n\n']);
      // After a change the next comment is due 15 s later.
      vi.advanceTimersByTime(FEED_HEARTBEAT_MS / 2);
      value = 1;
      vi.advanceTimersByTime(FEED_INTERVAL_MS);
      expect(written).toHaveLength(2);
      vi.advanceTimersByTime(FEED_HEARTBEAT_MS - 1);
      expect(written).toHaveLength(2);
      vi.advanceTimersByTime(FEED_INTERVAL_MS);
      expect(written.slice(2)).toEqual([':\n\n']);
      feed.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends an old feed, so that its reader presents its key again, and no other feed', async () => {
    let monotonicMs = 0;
    // Meanwhile the wall clock is set forward and back, which neither ends nor prolongs a feed.
    let nowMs = 0;
    const feed = new Feed({
      document: () => ({ monotonicMs }),
      nowMs: () => nowMs,
      monotonicMs: () => monotonicMs,
    });
    onTestFinished(() => feed.stop());
    const reader = () => new Writable({ write: (_chunk, _encoding, done) => done() });
    const [old, young] = [reader(), reader()];
    feed.add(old);
    nowMs += 40 * 86_400_000;
    monotonicMs = FEED_LIFE_MAX_MS;
    feed.add(young);
    nowMs -= 80 * 86_400_000;
    monotonicMs++;
    await until('the old one to end', () => old.destroyed);
    expect(young.writableEnded).toBe(false);
    expect(feed.counts.clients).toBe(1);
  });

  it('ends the feed of a reader whose key is revoked at the next interval, and sends no further value', async () => {
    let mayRead = true;
    let turn = 0;
    const feed = new Feed({ document: () => ({ turn: turn++ }), nowMs: () => 0, monotonicMs: () => 0 });
    onTestFinished(() => feed.stop());
    const got: string[] = [];
    const othersGot: string[] = [];
    const reader = (into: string[]) =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          into.push(chunk.toString());
          done();
        },
      });
    const [holder, other] = [reader(got), reader(othersGot)];
    feed.add(holder, () => mayRead);
    feed.add(other);
    await until('an event', () => got.length === 2);
    mayRead = false;
    const before = othersGot.length;
    await until('the end', () => holder.destroyed);
    // The next interval, and one that may pass while the test waits for the end.
    expect(othersGot.length - before).toBeLessThanOrEqual(2);
    expect(got).toHaveLength(2);
    expect(other.writableEnded).toBe(false);
    expect(feed.counts.clients).toBe(1);
  });

  it('answers HEAD with the headers of GET and no body, and counts no reader', async () => {
    const server = createServer();
    const address = `${(await server.start()).url}/api/federation/events`;
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const got = await fetch(address, { signal: abort.signal });
    const headed = await fetch(address, { method: 'HEAD' });
    expect([headed.status, await headed.text()]).toEqual([200, '']);
    // Except the headers about the connection itself.
    const named = ({ headers }: Response) =>
      [...headers].filter(([name]) => !/^(date|connection|keep-alive|transfer-encoding)$/.test(name));
    expect(named(headed)).toEqual(named(got));
    expect(headed.headers.get('content-type')).toBe('text/event-stream');
    expect(server.feed().clients).toBe(1);
  });

  it('refuses readers above the limit, and accepts one again when one has left', async () => {
    const server = createServer();
    const { url } = await server.start();
    const sockets = await Promise.all(Array.from({ length: FEED_CLIENTS_MAX }, () => openFeed(url)));
    expect(server.feed().clients).toBe(FEED_CLIENTS_MAX);
    const refused = await fetch(`${url}/api/federation/events`);
    expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'feed_full' } }]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await until('all to have left', () => server.feed().clients === 0);
    (await openFeed(url)).destroy();
    expect(server.feed().refused).toBe(1);
  });

  it('ends with the server', async () => {
    const server = createServer();
    const feed = await readFeed((await server.start()).url);
    await server.stop();
    await expect(feed.ended).resolves.toBeUndefined();
  });
});

/** A reader that has received the first bytes of its snapshot. */
function openFeed(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write('GET /api/federation/events HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    onTestFinished(() => void socket.destroy());
  });
}
