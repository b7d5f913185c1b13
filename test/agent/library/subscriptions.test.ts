// Overlapping subscriptions: a message is passed on once, to every handler that wants it.

import { describe, expect, it } from 'vitest';
import {
  covers,
  isPattern,
  SUBSCRIBED_SUBJECTS_MAX,
  Subscriptions,
} from '../../../src/agent/library/subscriptions.ts';
import { connectTo, launchBroker } from '../../support/program.ts';
import { until } from '../../support/until.ts';
import { clientFor } from './client-fixture.ts';

/** Subscriptions over a made-up broker, which brings each message once for each subscription that matches. */
function made() {
  const open = new Map<string, (message: string, subject: string) => void>();
  const delivered: string[] = [];
  const subscriptions = new Subscriptions<string>({
    listen(subject, heard) {
      open.set(subject, heard);
      return () => void open.delete(subject);
    },
    deliver(message, subject, handlers) {
      delivered.push(message);
      for (const handler of handlers) handler(message, subject);
    },
  });
  const send = (message: string, subject: string, forbidden: readonly string[] = []) => {
    for (const [pattern, heard] of open) {
      if (covers(pattern, subject) && !forbidden.includes(pattern)) heard(message, subject);
    }
  };
  return { open, delivered, subscriptions, send };
}

describe('subscriptions', () => {
  it('a message of overlapping subjects is delivered once, to all handlers', () => {
    const { delivered, subscriptions, send } = made();
    const heard: string[] = [];
    for (const pattern of ['truebit.tasks.*', 'truebit.>', '*.tasks.received', 'truebit.heartbeat']) {
      subscriptions.add(pattern, () => heard.push(pattern));
    }
    send('one', 'truebit.tasks.received');
    expect(delivered).toEqual(['one']);
    expect(heard).toEqual(['truebit.tasks.*', 'truebit.>', '*.tasks.received']);
  });

  it('what a refused subscription would have brought comes over others', () => {
    const { open, delivered, subscriptions, send } = made();
    subscriptions.add('truebit.>', null, 'truebit.>');
    subscriptions.add('truebit.heartbeat', null, 'truebit.>');
    expect([...open.keys()]).toEqual(['truebit.>']);
    subscriptions.refused('truebit.>');
    expect([...open.keys()]).toEqual(['truebit.>', 'truebit.heartbeat']);
    send('one', 'truebit.heartbeat', ['truebit.>']);
    // The next connection allows everything.
    subscriptions.connected();
    send('two', 'truebit.heartbeat');
    expect(delivered).toEqual(['one', 'two']);
  });

  it('ends a subscription with its last wish', () => {
    const { open, subscriptions } = made();
    const end = subscriptions.add('truebit.heartbeat', null, 'truebit.>');
    const endOther = subscriptions.add('truebit.>', null);
    end();
    end();
    expect(open.size).toBe(1);
    endOther();
    expect([open.size, subscriptions.size]).toEqual([0, 0]);
  });

  it('takes as many subjects as it may', () => {
    const { subscriptions } = made();
    for (let index = 0; index < SUBSCRIBED_SUBJECTS_MAX; index += 1) subscriptions.add(`a.${index}`, null);
    expect(subscriptions.isFullFor('a.0')).toBe(false);
    expect(subscriptions.isFullFor('b')).toBe(true);
  });

  it.each([
    ['truebit.>', 'truebit.tasks.received', true],
    ['truebit.>', 'truebit', false],
    ['truebit.*', 'truebit.heartbeat', true],
    ['truebit.*', 'truebit.tasks.received', false],
    ['truebit.*', 'truebit.>', false],
    ['truebit.>', 'truebit.*.a', true],
    ['a.b', 'a.*', false],
    ['a.b', 'a.b', true],
    ['>', 'a', true],
  ])('%s covers %s: %s', (pattern, subject, does) => {
    expect(covers(pattern, subject)).toBe(does);
  });

  it.each([
    ['truebit.>', true],
    ['>', true],
    ['*.b.>', true],
    ['a.>.b', false],
    ['a..b', false],
    ['', false],
    ['a b', false],
    ['a.b*', false],
    ['a'.repeat(257), false],
    [5, false],
  ])('%j is a subject: %s', (text, isOne) => {
    expect(isPattern(text)).toBe(isOne);
  });
});

describe('subscriptions of a client', () => {
  it('subscribeToFederation calls each handler once, and bad messages and handlers harm nothing', async () => {
    const broker = await launchBroker({});
    const { client, errors } = clientFor(broker.url);
    await client.connect();
    const heard: string[] = [];
    const events: string[] = [];
    client.on('message', ({ subject }) => events.push(subject));
    const handlers = { heartbeat: 'heartbeat', nodeLeft: 'left', all: 'all' } as const;
    await client.subscribeToFederation({
      ...Object.fromEntries(
        Object.entries(handlers).map(([name, word]) => [
          name,
          (_data: unknown, subject: string) => heard.push(`${word} ${subject}`),
        ]),
      ),
      taskReceived: () => {
        throw new Error('of the handler');
      },
      taskCompleted: () => Promise.reject(new Error('of the promise')) as never,
    });
    const other = await connectTo(broker.url);
    await until('the subscription', async () => {
      other.publish('truebit.heartbeat', '{}');
      await other.flush();
      return heard.length >= 2;
    });
    heard.length = 0;
    events.length = 0;
    other.publish('truebit.tasks.received', '{}');
    other.publish('truebit.tasks.completed', '{}');
    other.publish('truebit.nodes.left', 'no JSON');
    other.publish('truebit.nodes.left', Buffer.from([0x22, 0xff, 0x22]));
    other.publish('truebit.nodes.left', JSON.stringify('x'.repeat(65_536)));
    other.publish('truebit.stats.aggregated', '{"a":1}');
    other.publish('truebit.nodes.left', '[]');
    await until('the last message', () => heard.includes('left truebit.nodes.left'));
    expect(heard.filter((line) => !line.includes('heartbeat'))).toEqual([
      'all truebit.tasks.received',
      'all truebit.tasks.completed',
      'all truebit.stats.aggregated',
      'left truebit.nodes.left',
      'all truebit.nodes.left',
    ]);
    expect(events.filter((subject) => !subject.includes('heartbeat'))).toHaveLength(4);
    expect(errors.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['handler_failed', 'bad_received']),
    );
    expect(errors.map(({ message }) => message).join()).not.toContain('no JSON');
    expect(client.getStats().subscriptions).toBe(1);
    expect(await client.subscribe('a..b')).toBeNull();
  });
});
