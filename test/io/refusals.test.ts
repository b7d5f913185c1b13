import { PermissionViolationError } from 'nats';
import { describe, expect, it } from 'vitest';
import { Refusals, refusalOf } from '../../src/io/refusals.ts';

function violation(operation: 'publish' | 'subscription', subject: string): Error {
  return new PermissionViolationError('Permissions Violation', operation, subject);
}

describe('refusals', () => {
  it.each<[Error, string | null]>([
    [
      violation('subscription', 'truebit.heartbeat'),
      'the broker does not let the aggregator subscribe to truebit.heartbeat',
    ],
    [
      violation('publish', 'truebit.stats.aggregated'),
      'the broker does not let the aggregator publish to truebit.stats.aggregated',
    ],
    [
      violation('subscription', '_INBOX.a1b2.c3'),
      'the broker does not let the aggregator subscribe to _INBOX.>',
    ],
    [
      violation('publish', '_INBOX.what-a-stranger-says.x'),
      'the broker does not let the aggregator publish to _INBOX.>',
    ],
    [violation('subscription', '_AGG.a1b2'), 'the broker does not let the aggregator subscribe to _AGG.>'],
    [
      violation('publish', '$JS.API.CONSUMER.MSG.NEXT.EVERYTHING.a1b2'),
      'the broker does not let the aggregator publish to $JS.API.CONSUMER.MSG.NEXT.EVERYTHING.>',
    ],
    [
      violation('publish', '$JS.API.CONSUMER.CREATE.TRUEBIT_INGEST.a1b2.truebit.>'),
      'the broker does not let the aggregator publish to $JS.API.CONSUMER.CREATE.TRUEBIT_INGEST.>',
    ],
    [
      new Error('maximum subscriptions exceeded'),
      'the broker says "maximum subscriptions exceeded" (raise max_subscriptions there)',
    ],
    [new Error('Stale Connection'), null],
    [new Error('User Authentication Expired'), null],
    [new Error('Maximum Payload Violation'), null],
  ])('refusals - %s', (error, sentence) => {
    const refusals = new Refusals();
    const refusal = refusalOf(error);
    if (refusal !== null) refusals.add(refusal);
    expect(refusals.describe()).toBe(sentence);
  });

  it('refusals - they are named together, each once, up to a limit', () => {
    const refusals = new Refusals();
    const add = (error: Error) => {
      const refusal = refusalOf(error);
      return refusal !== null && refusals.add(refusal);
    };
    expect(add(violation('subscription', 'a'))).toBe(true);
    expect(add(violation('subscription', 'a'))).toBe(false);
    add(violation('publish', 'b'));
    add(violation('subscription', 'c'));
    const sentence = 'the broker does not let the aggregator subscribe to a, c, or publish to b';
    expect(refusals.describe()).toBe(sentence);
    expect(refusals.describe('b')).toBe('the broker does not let the aggregator subscribe to a, c');
    for (let subject = 0; subject < 1000; subject++) add(violation('publish', `s${subject}`));
    expect(refusals.size).toBe(32);
    refusals.clear();
    expect(refusals.describe()).toBeNull();
    // In another order, as after a reconnection, the sentence is the same, so it is not reported again.
    for (const subject of ['c', 'a']) add(violation('subscription', subject));
    add(violation('publish', 'b'));
    expect(refusals.describe()).toBe(sentence);
  });
});
