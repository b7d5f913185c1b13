import { describe, expect, it } from 'vitest';
import {
  durationText,
  EVENT_KINDS,
  eventSentence,
  nodeEvent,
  ownEvent,
  type ToldEvent,
} from '../../../src/federation/domain/events.ts';

const AT = Date.UTC(2026, 0, 15, 10, 30);
const node = (
  from: 'online' | 'stale' | 'offline' | null,
  to: 'online' | 'stale' | 'offline',
  cause: string,
) => nodeEvent({ nodeId: 'node-1', atMs: AT, observedMs: 5, from, to, cause });

describe('events - the sentence of', () => {
  it.each<[ToldEvent, string]>([
    [ownEvent('started', AT, { detail: 'first' }), 'The aggregator started with a new database.'],
    [
      ownEvent('started', AT, { detail: 'in_order', count: 185_000 }),
      'The aggregator started, 3 minutes after it had stopped in order.',
    ],
    [
      ownEvent('started', AT, { detail: 'not_in_order', count: 7_200_000 }),
      'The aggregator started, 2 hours after the last sign of life of a run that did not stop in order.',
    ],
    [
      ownEvent('started', AT, { detail: 'not_in_order' }),
      'The aggregator started; the run before did not stop in order.',
    ],
    [
      ownEvent('started', AT, { detail: 'in_order' }),
      'The aggregator started; the run before stopped in order.',
    ],
    [ownEvent('started', AT), 'The aggregator started.'],
    [ownEvent('stopped', AT), 'The aggregator stopped in order.'],
    [
      ownEvent('not_ready', AT, { detail: 'broker: not connected to the broker' }),
      'The aggregator is not ready: broker: not connected to the broker.',
    ],
    [ownEvent('ready', AT), 'The aggregator is ready again.'],
    [ownEvent('broker_away', AT), 'The aggregator has no connection to the broker.'],
    [ownEvent('broker_back', AT), 'The aggregator is connected to the broker again.'],
    [ownEvent('lost', AT, { count: 1 }), '1 message lost and missing from the numbers for good.'],
    [
      ownEvent('shed', AT, { count: 1_400 }),
      '1,400 messages thrown away and missing from the numbers for good.',
    ],
    [
      ownEvent('quarantined', AT, { count: 2 }),
      '2 messages set aside and missing from the numbers for good.',
    ],
    [
      ownEvent('drift', AT, { count: 1 }),
      'The audit found 1 difference between the stored rows and the numbers made from them, which is a defect of the program.',
    ],
    [ownEvent('restored', AT), 'The database was replaced by a backup.'],
    [
      ownEvent('key_revoked', AT, { detail: 'monitor 3 (0123456789abcdef)' }),
      'The API key monitor 3 (0123456789abcdef) was revoked.',
    ],
    [node(null, 'online', 'sign_of_life'), 'The node node-1 was seen for the first time.'],
    [
      node(null, 'offline', 'left'),
      'The node node-1 was seen for the first time and is offline: it announced that it leaves.',
    ],
    [node('offline', 'online', 'sign_of_life'), 'The node node-1 is online again: it gave a sign of life.'],
    [node('online', 'stale', 'silence'), 'The node node-1 is stale: it has been silent.'],
    [node('stale', 'offline', 'silence'), 'The node node-1 is offline: it has been silent.'],
    [node('online', 'offline', 'left'), 'The node node-1 is offline: it announced that it leaves.'],
  ])('$kind', (event, sentence) => {
    expect(eventSentence(event)).toBe(sentence);
  });

  it('every kind - is one line that ends like a sentence', () => {
    for (const kind of EVENT_KINDS) expect(eventSentence(ownEvent(kind, AT))).toMatch(/^[^\n]+\.$/);
  });
});

it('events - a change of state carries what the transition knows', () => {
  expect(node('stale', 'offline', 'silence')).toEqual({
    at: '2026-01-15T10:30:00.000Z',
    kind: 'node_offline',
    nodeId: 'node-1',
    from: 'stale',
    cause: 'silence',
    count: null,
    detail: null,
  });
});

it.each([
  [999, 'less than a second'],
  [1_000, '1 second'],
  [59_999, '59 seconds'],
  [60_000, '1 minute'],
  [86_400_000, '1 day'],
  [3 * 86_400_000, '3 days'],
])('events - %d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
