// Receivers over real sockets: real servers that take, refuse, hang, close and redirect.

import { describe, expect, it } from 'vitest';
import { NOTICES_WAITING_MAX } from '../../src/notify/line.ts';
import { rawServer } from '../support/http-servers.ts';
import { lossNotice, nodeNotice } from '../support/notices.ts';
import { receiverConfig, receivingServer, refuses, startReceivers, takes } from '../support/receivers.ts';
import { until } from '../support/until.ts';

/** Between the attempts for one message. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000];

const offline = (node: string) => nodeNotice('node_offline', node);
const online = (node: string) => nodeNotice('node_online', node);
const texts = (bodies: readonly Readonly<Record<string, unknown>>[]) => bodies.map(({ text }) => text);

describe('receiver', () => {
  it('receiver - without an interval each notice is a message at once', async () => {
    const server = await receivingServer();
    const { receivers, counted } = await startReceivers([receiverConfig(server.url, { minIntervalMs: 0 })]);
    for (const node of ['a', 'b']) receivers.tell(offline(node));
    await counted({ sent: 2, waiting: 0 });
    expect(texts(server.bodies())).toEqual(['Node a went offline', 'Node b went offline']);
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/hook?key=geheim',
      headers: { 'content-type': 'application/json', 'user-agent': 'aggregator/test' },
    });
  });

  it('receiver - a storm is one message a second after its begin, and the next one an interval later', async () => {
    const server = await receivingServer();
    const { receivers, pass, counted } = await startReceivers([receiverConfig(server.url)]);
    for (let index = 0; index < 17; index++) receivers.tell(offline(`n${index}`));
    await pass(999);
    expect(server.seen).toEqual([]);
    await pass(1);
    await counted({ sent: 17 });
    // A node that flaps is told once an interval.
    for (let index = 0; index < 59; index++) {
      receivers.tell(index % 2 === 0 ? online('n0') : offline('n0'));
      await pass(1_000);
    }
    expect(receivers.totals).toMatchObject({ sent: 17, waiting: 59 });
    await pass(1_000);
    await counted({ sent: 76, waiting: 0 });
    receivers.tell(lossNotice(2));
    await pass(59_999);
    expect(receivers.totals).toMatchObject({ sent: 76, waiting: 1 });
    await pass(1);
    await counted({ sent: 77 });
    expect(texts(server.bodies())).toEqual([
      '17 nodes went offline: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 7 others',
      'Node n0 came online (the last of 59 changes)',
      '2 messages were lost',
    ]);
  });

  it('receiver - one that is away gets eight attempts, is told once as away, and once as back', async () => {
    const server = await receivingServer(refuses(503));
    const { receivers, events, pass, counted } = await startReceivers([receiverConfig(server.url)]);
    receivers.tell(offline('a'));
    await pass(1_000);
    for (const [index, waitMs] of WAITS_MS.entries()) {
      await counted({ failed: index + 1 });
      await pass(waitMs - 1);
      expect(server.seen).toHaveLength(index + 1);
      await pass(1);
    }
    await counted({ failed: 8, dropped: 1, waiting: 0 });
    expect(events).toEqual(['ops failed: status 503']);
    expect(receivers.problem).toBe('the receiver ops takes no notifications: status 503');
    server.behave(takes);
    receivers.tell(online('a'));
    await pass(1_000);
    await counted({ sent: 1 });
    expect(events).toEqual(['ops failed: status 503', 'ops works: 1']);
    expect(receivers.problem).toBeNull();
    expect(server.bodies().at(-1)?.['text']).toBe(
      'Node a came online\nBefore this, 1 notice could not be delivered',
    );
  });

  it('receiver - 429 is tried again when the receiver allows it; 404 and a redirect are final', async () => {
    const other = await receivingServer();
    const server = await receivingServer(refuses(429, { 'retry-after': '30' }));
    const { receivers, events, pass, counted } = await startReceivers([
      receiverConfig(server.url, { minIntervalMs: 0 }),
    ]);
    receivers.tell(offline('a'));
    await counted({ failed: 1 });
    server.behave(takes);
    await pass(29_999);
    expect(server.seen).toHaveLength(1);
    await pass(1);
    await counted({ sent: 1 });
    server.behave(refuses(404));
    receivers.tell(offline('b'));
    await counted({ dropped: 1 });
    server.behave(refuses(302, { location: other.url }));
    receivers.tell(offline('c'));
    await counted({ dropped: 2 });
    expect(other.seen).toEqual([]);
    expect(events).toEqual(['ops failed: status 404: nothing takes messages at its address']);
    expect(receivers.views[0]?.problem).toMatch(/^status 302, a redirect, which is not followed/);
  });

  it('receiver - one that hangs costs ten seconds; meanwhile notices are folded', async () => {
    const server = await receivingServer(() => undefined);
    const { receivers, pass, counted } = await startReceivers([receiverConfig(server.url)]);
    receivers.tell(offline('a'));
    await pass(1_000);
    await until('under way', () => server.seen.length === 1);
    for (let index = 0; index < 1_000; index++) receivers.tell(offline(`n${index}`));
    server.behave(takes);
    await pass(10_000);
    await counted({ failed: 1, waiting: 1_001 });
    await pass(1_000);
    await counted({ sent: 1 });
    // The first message was due 11 s ago.
    await pass(49_000);
    await counted({ sent: 1_001, waiting: 0 });
    expect(server.seen).toHaveLength(3);
  });

  it('receiver - without an interval the line is bounded, and the oldest make room', async () => {
    const server = await receivingServer(() => undefined);
    const { receivers, events, counted, pass } = await startReceivers([
      receiverConfig(server.url, { minIntervalMs: 0 }),
    ]);
    receivers.tell(offline('first'));
    await until('under way', () => server.seen.length === 1);
    for (let index = 0; index < NOTICES_WAITING_MAX + 5; index++) receivers.tell(offline(`n${index}`));
    expect(receivers.totals).toMatchObject({ waiting: NOTICES_WAITING_MAX + 1, dropped: 5 });
    expect(events).toEqual(['ops failed: too many notices wait']);
    const stopped = receivers.stop();
    await pass(2_000);
    await stopped;
    await counted({ waiting: 0, sent: 0, dropped: NOTICES_WAITING_MAX + 6 });
  });

  it('receiver - a storm at a receiver without an interval is told once as its begin, and once as its end', async () => {
    const held: (() => void)[] = [];
    const server = await receivingServer((_seen, response) => {
      held.push(() => response.writeHead(204).end());
    });
    const { receivers, events, counted } = await startReceivers([
      receiverConfig(server.url, { minIntervalMs: 0 }),
    ]);
    const takeOne = async (sent: number) => {
      await until('a message', () => held.length > 0);
      held.pop()?.();
      await counted({ sent });
    };
    for (let round = 1; round <= 3; round++) {
      for (let index = 0; index < 2 * NOTICES_WAITING_MAX; index++) receivers.tell(offline(`n${index}`));
      await takeOne(round);
      expect(events).toEqual(['ops failed: too many notices wait']);
      expect(receivers.problem).toContain('too many notices wait');
    }
    for (let sent = 4; receivers.totals.waiting > 0; sent++) await takeOne(sent);
    expect(events).toEqual(['ops failed: too many notices wait', `ops works: ${receivers.totals.dropped}`]);
    expect(receivers.problem).toBeNull();
  });

  it('receiver - at the stop what waits gets one attempt', async () => {
    const server = await receivingServer();
    const { receivers, counted } = await startReceivers([receiverConfig(server.url)]);
    receivers.tell(offline('a'));
    await receivers.stop();
    await counted({ sent: 1, waiting: 0 });
    expect(texts(server.bodies())).toEqual(['Node a went offline']);
  });

  it('receiver - a closed port, a connection that is cut, and an answer that is no HTTP are tried again, without the address', async () => {
    const servers = [
      await rawServer((socket) => socket.destroy()),
      await rawServer((socket) => socket.end('geheim\r\n\r\n')),
    ];
    const closed = await rawServer((socket) => socket.destroy());
    await closed.close();
    for (const { url } of [...servers, closed]) {
      const { receivers, events, counted, pass } = await startReceivers([
        receiverConfig(`${url}geheim`, { minIntervalMs: 0 }),
      ]);
      receivers.tell(offline('a'));
      for (const [index, waitMs] of WAITS_MS.entries()) {
        await counted({ failed: index + 1 });
        await pass(waitMs);
      }
      await counted({ failed: 8, dropped: 1 });
      expect(events).toEqual([
        expect.stringMatching(/^ops failed: (the connection was|its answer is no HTTP)/),
      ]);
      expect(JSON.stringify([events, receivers.views, receivers.problem])).not.toMatch(/geheim|127\.0\.0\.1/);
    }
    for (const server of servers) await server.close();
  });

  it('receiver - a test is one attempt beside all others, and counts nowhere', async () => {
    const good = await receivingServer();
    const bad = await receivingServer(refuses(403));
    const { receivers } = await startReceivers([
      receiverConfig(good.url, { name: 'good' }),
      receiverConfig(bad.url, { name: 'bad', form: 'slack' }),
    ]);
    expect(await receivers.test(lossNotice(0), null)).toMatchObject([
      { name: 'good', form: 'json', delivered: { type: 'taken', status: 204 } },
      {
        name: 'bad',
        form: 'slack',
        delivered: { type: 'refused', reason: expect.stringMatching(/^status 403/) },
      },
    ]);
    expect(await receivers.test(lossNotice(0), 'good')).toHaveLength(1);
    expect(await receivers.test(lossNotice(0), 'nobody')).toEqual([]);
    expect(receivers.totals).toEqual({ waiting: 0, sent: 0, failed: 0, dropped: 0 });
    expect([good.seen.length, bad.seen.length]).toEqual([2, 1]);
  });

  it('receiver - each is told what it chose, by kind and by names with stars', async () => {
    const [one, two] = [await receivingServer(), await receivingServer()];
    const { receivers, counted } = await startReceivers([
      receiverConfig(one.url, { minIntervalMs: 0, nodes: ['berlin-*', 'x'], events: ['node_offline'] }),
      receiverConfig(two.url, { name: 'two', minIntervalMs: 0, nodes: [] }),
    ]);
    for (const node of ['berlin-1', 'xx', 'x', 'paris']) receivers.tell(offline(node));
    receivers.tell(online('x'));
    // What it ends was chosen by nobody.
    receivers.tell({ ...offline('x'), onlyWith: 'node_stale' });
    receivers.tell(lossNotice(1));
    await counted({ sent: 3 });
    expect(texts(one.bodies())).toEqual(['Node berlin-1 went offline', 'Node x went offline']);
    expect(texts(two.bodies())).toEqual(['1 messages were lost']);
  });

  it('receiver - receivers change while the program runs: the same goes on, others end and begin', async () => {
    const [one, two] = [await receivingServer(), await receivingServer()];
    const kept = receiverConfig(one.url);
    const gone = receiverConfig(two.url, { name: 'gone', minIntervalMs: 0 });
    const { receivers, pass, counted } = await startReceivers([kept, gone]);
    receivers.tell(offline('a'));
    await counted({ sent: 1, waiting: 1 });
    receivers.change([kept, receiverConfig(two.url, { name: 'new' })]);
    expect(receivers.views.map(({ name }) => name)).toEqual(['ops', 'new']);
    receivers.tell(offline('b'));
    await pass(1_000);
    await counted({ sent: 4, waiting: 0 });
    expect(texts(one.bodies())).toEqual(['2 nodes went offline: a and b']);
    expect(texts(two.bodies())).toEqual(['Node a went offline', 'Node b went offline']);
    receivers.change([]);
    receivers.tell(offline('c'));
    expect(receivers.totals).toEqual({ waiting: 0, sent: 4, failed: 0, dropped: 0 });
  });
});
