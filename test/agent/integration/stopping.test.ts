// The end of the program: what is under way is confirmed, the node leaves, and a broker that hangs delays it by 2 s.

import { describe, expect, it, onTestFinished } from 'vitest';
import { CONFIRM_MS, IN_FLIGHT_MAX, LEAVE_MS } from '../../../src/agent/sinks/sender.ts';
import { connectOnce } from '../../../src/io/nats.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { addFacts, joinReply, listen, makeLink, natsOptions } from './link-fixture.ts';
import { startProxy } from './tcp-proxy.ts';

async function broker() {
  const server = await startNatsServer({});
  onTestFinished(() => server.stop());
  return server;
}

describe('stopping', () => {
  it('stopping - in the middle of sending: nothing is repeated by the next start, and node_left comes last', async () => {
    const server = await broker();
    const listener = await listen(server.url, joinReply);
    let sent = 0;
    for (let start = 0; start < 10; start++) {
      const test = makeLink({ url: server.url });
      addFacts(test.outbox, 1_000, start * 1_000);
      await test.link.start();
      await until('some facts', () => test.outbox.waiting.size < 1_000);
      await test.link.stop();
      expect(test.outbox.taken.size).toBe(0);
      sent += 1_000 - test.outbox.waiting.size;
    }
    await listener.connection.flush();
    const facts = listener.heard.filter(({ subject }) => /tasks|invoices/.test(subject));
    expect(facts).toHaveLength(sent);
    expect(listener.heard.at(-1)?.subject).toBe('truebit.nodes.left');
    expect(listener.of('truebit.nodes.left')).toHaveLength(10);
  });

  it('stopping - a broker that hangs delays the end by no more than the time for leaving', async () => {
    const server = await broker();
    const proxy = await startProxy(server.port);
    await listen(server.url, joinReply);
    const test = makeLink({ url: proxy.url });
    await test.link.start();
    await until('the reply', () => test.link.view().hasJoined && !test.link.isSending);
    proxy.hold(true);
    addFacts(test.outbox, 100);
    test.link.wake();
    await until('the round', () => test.outbox.taken.size === IN_FLIGHT_MAX);
    expect(LEAVE_MS).toBeLessThan(CONFIRM_MS);
    // Without its bound the stop would wait for the answer, which never comes.
    await test.link.stop();
    expect(test.outbox.waiting.size).toBe(100);
    expect(test.link.view().isConnected).toBe(false);
  });

  it('stopping - while away, and while an attempt is under way whose connection comes later', async () => {
    const server = await broker();
    const away = makeLink({ url: 'nats://127.0.0.1:1' });
    await away.link.start();
    await until('the reason', () => away.link.view().reason !== null);
    await away.link.stop();
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = makeLink({
      url: server.url,
      dial: async (parts) => {
        await promise;
        return connectOnce('a', natsOptions(server.url), parts);
      },
    });
    await late.link.start();
    await late.link.stop();
    const lines = late.lines.length;
    const listener = await listen(server.url);
    resolve();
    await until('the broker to see it go', () => !late.link.view().isConnected);
    await listener.connection.flush();
    expect(listener.heard).toEqual([]);
    expect(late.lines).toHaveLength(lines);
  });
});
