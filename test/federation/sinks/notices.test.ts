// Events as notices: one topic and severity for the begin and the end of a trouble, and sentences that fold.

import { expect, it } from 'vitest';
import { EVENT_KINDS, ownEvent, type ToldEvent } from '../../../src/federation/domain/events.ts';
import { noticeOf, testNotice } from '../../../src/federation/sinks/notices.ts';
import { Fold } from '../../../src/notify/fold.ts';

const AT_MS = Date.UTC(2026, 0, 15, 10, 30);

function node(kind: ToldEvent['kind'], nodeId: string): ToldEvent {
  return { ...ownEvent(kind, AT_MS), nodeId, from: 'online', cause: 'silence' };
}

it('notices - every kind of event is a notice with a sentence of one line without a full stop', () => {
  for (const kind of EVENT_KINDS) {
    const event = kind.startsWith('node_')
      ? node(kind, 'a')
      : ownEvent(kind, AT_MS, { count: 2, detail: 'x\ny' });
    const notice = noticeOf(event, null);
    expect(notice).toMatchObject({ kind, atMs: AT_MS, node: event.nodeId, subject: event.nodeId });
    expect(notice.sentence, kind).toMatch(/^[^\n]*[^.\n]$/);
  }
  expect(testNotice(AT_MS)).toMatchObject({ severity: 'info', isResolved: false });
});

it('notices - the end of a trouble has the topic and the severity of its begin', () => {
  for (const [begin, end] of [
    ['not_ready', 'ready'],
    ['broker_away', 'broker_back'],
    ['node_offline', 'node_online'],
    ['node_stale', 'node_online'],
  ] as const) {
    const [one, other] = [noticeOf(node(begin, 'a'), null), noticeOf(node(end, 'a'), null)];
    expect([one.topic, one.severity, one.isResolved]).toEqual([other.topic, other.severity, false]);
    expect(other.isResolved).toBe(true);
    expect(one.topic).not.toBeNull();
  }
});

it('notices - the end of a short silence is only for those who are told of its begin', () => {
  const online = node('node_online', 'a');
  expect(noticeOf({ ...online, from: 'stale' }, null).onlyWith).toBe('node_stale');
  expect(noticeOf({ ...online, from: 'offline' }, null).onlyWith).toBeNull();
  expect(noticeOf({ ...online, from: null }, null).onlyWith).toBeNull();
});

it('notices - own events belong to the replica, events of nodes to the node', () => {
  expect(noticeOf(ownEvent('ready', AT_MS), 'two')).toMatchObject({
    subject: 'two',
    node: null,
    details: { replica: 'two' },
  });
  expect(noticeOf(node('node_stale', 'a'), 'two')).toMatchObject({
    subject: 'a',
    node: 'a',
    details: { nodeId: 'a', from: 'online', cause: 'silence' },
  });
});

it('notices - a storm with a short trouble of the program is told in order of weight', () => {
  const fold = new Fold();
  for (let index = 0; index < 17; index++) fold.add(noticeOf(node('node_offline', `n${index}`), null));
  fold.add(noticeOf(ownEvent('broker_away', AT_MS), null));
  fold.add(noticeOf(ownEvent('broker_back', AT_MS), null));
  fold.add(noticeOf(ownEvent('lost', AT_MS, { count: 3 }), null));
  expect(fold.take(0)?.lines).toEqual([
    expect.stringContaining('3 messages'),
    '17 nodes went offline: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 7 others',
    'The aggregator has no connection to the broker; then: The aggregator is connected to the broker again',
  ]);
});
