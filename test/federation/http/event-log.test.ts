import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, type EventQuery, nodeEvent, ownEvent } from '../../../src/federation/domain/events.ts';
import { childrenOf, parseXml, textOf } from '../../support/xml.ts';
import { createServer, startServer } from './parts.ts';

const AT = Date.UTC(2026, 0, 15, 10, 30);
const OFFLINE = nodeEvent({
  nodeId: 'node-1',
  atMs: AT,
  observedMs: 5,
  from: 'stale',
  to: 'offline',
  cause: 'silence',
});
const PAGE = {
  events: [
    { id: 8, ...ownEvent('not_ready', AT, { detail: 'broker: <gone> & "lost"\u0007' }) },
    { id: 7, ...OFFLINE },
  ],
  page: 1,
  pages: 1,
  total: 2,
};

describe('http - the log of events', () => {
  it.each<[string, Partial<EventQuery>]>([
    ['', {}],
    ['?kind=lost', { kinds: ['lost'] }],
    ['?kind=node_offline,started,node_offline', { kinds: ['started', 'node_offline'] }],
    [`?kind=${EVENT_KINDS.join(',')}`, { kinds: EVENT_KINDS }],
    ['?node=node-1&page=3', { nodeId: 'node-1', page: 3 }],
    [
      '?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
      { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 2) },
    ],
  ])('asks for %s', async (query, expected) => {
    const asked: EventQuery[] = [];
    const url = await startServer({
      events: async (each) => {
        asked.push(each);
        return PAGE;
      },
    });
    const response = await fetch(`${url}/api/federation/events-log${query}`);
    expect([response.status, await response.json()]).toEqual([200, PAGE]);
    expect(asked).toEqual([{ kinds: [], nodeId: null, fromMs: null, toMs: null, page: 1, ...expected }]);
  });

  it.each([
    ['kind=', 'unknown_kind'],
    ['kind=lost,', 'unknown_kind'],
    ['kind=lost,gone', 'unknown_kind'],
    ['kind=LOST', 'unknown_kind'],
    ['kind=lost&kind=shed', 'unknown_kind'],
    ['kind=toString', 'unknown_kind'],
    ['node=', 'bad_node'],
    ['node=%3Cimg%3E', 'bad_node'],
    [`node=${'a'.repeat(65)}`, 'bad_node'],
    ['from=yesterday', 'bad_time'],
    ['to=2026-02-30T00:00:00Z', 'bad_time'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'bad_time'],
  ])('refuses %s with %s, as JSON and as a feed', async (query, code) => {
    const url = await startServer();
    for (const path of ['events-log', 'events-log.rss']) {
      const response = await fetch(`${url}/api/federation/${path}?${query}`);
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code } }]);
    }
  });

  it('refuses a page of rubbish', async () => {
    const response = await fetch(`${await startServer()}/api/federation/events-log?page=0`);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'bad_page' } }]);
  });
});

describe('http - the feed of events', () => {
  it('is a well-formed feed of one sentence each, with links to the page', async () => {
    const url = await startServer({ events: async () => PAGE });
    const response = await fetch(`${url}/api/federation/events-log.rss?kind=node_offline,not_ready`);
    expect(response.headers.get('content-type')).toBe('application/rss+xml; charset=utf-8');
    const [channel] = childrenOf(parseXml(await response.text()), 'channel');
    if (channel === undefined) throw new Error('no channel');
    expect(textOf(channel, 'link')).toBe(`${url}/#/events`);
    const items = childrenOf(channel, 'item').map((item) =>
      ['title', 'link', 'guid', 'category', 'pubDate'].map((name) => textOf(item, name)),
    );
    expect(items).toEqual([
      [
        'The aggregator is not ready: broker: <gone> & "lost".',
        `${url}/#/events`,
        'urn:truebit-aggregator:agg-1:event:8:2026-01-15T10:30:00.000Z',
        'not_ready',
        'Thu, 15 Jan 2026 10:30:00 GMT',
      ],
      [
        'The node node-1 is offline: it has been silent.',
        `${url}/#/node/node-1`,
        'urn:truebit-aggregator:agg-1:event:7:2026-01-15T10:30:00.000Z',
        'node_offline',
        'Thu, 15 Jan 2026 10:30:00 GMT',
      ],
    ]);
    const tag = response.headers.get('etag') ?? '';
    const again = await fetch(`${url}/api/federation/events-log.rss?kind=node_offline,not_ready`, {
      headers: { 'if-none-match': tag },
    });
    expect(again.status).toBe(304);
  });

  it('has no links if a proxy names no host, and those of the proxy if it does', async () => {
    const url = await startServer({ events: async () => PAGE });
    const ask = async (host: string) =>
      (
        await fetch(`${url}/api/federation/events-log.rss`, {
          headers: { 'x-forwarded-host': host, 'x-forwarded-proto': 'https' },
        })
      ).text();
    const unsafe = await ask('evil"><script>');
    expect(unsafe).not.toContain('evil');
    expect(unsafe).toContain('<link>urn:truebit-aggregator:agg-1</link>');
    expect(await ask('stats.example.org')).toContain('<link>https://stats.example.org/#/node/node-1</link>');
  });

  it('needs a key with API_AUTH=required', async () => {
    const { url } = await createServer({ events: async () => PAGE }, { apiAuth: 'required' }).start();
    for (const path of ['events-log', 'events-log.rss'])
      expect((await fetch(`${url}/api/federation/${path}`)).status).toBe(401);
  });
});
