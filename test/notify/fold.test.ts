// Folding, with every order of notices, and with storms.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fold, FOLDED_TROUBLES_MAX } from '../../src/notify/fold.ts';
import type { Message, Notice } from '../../src/notify/notice.ts';
import { lossNotice, nodeNotice } from '../support/notices.ts';

function folded(notices: readonly Notice[], lost = 0): Message {
  const fold = new Fold();
  for (const notice of notices) fold.add(notice);
  const message = fold.take(lost);
  if (message === null) throw new Error('nothing was folded');
  expect(fold.waiting).toBe(0);
  expect(fold.take(0)).toBeNull();
  return message;
}

const offline = (node: string, atMs = 0) => nodeNotice('node_offline', node, atMs);
const online = (node: string, atMs = 0) => nodeNotice('node_online', node, atMs);

it('fold - one notice is told as it is', () => {
  expect(folded([offline('a')])).toEqual({
    troubles: [{ first: offline('a'), last: offline('a'), count: 1 }],
    lines: ['Node a went offline'],
    told: 1,
  });
});

it('fold - what happened to several is one sentence with the first names', () => {
  const names = 'abcdefghijklmnopq'.split('');
  expect(folded(names.map((name) => offline(name))).lines).toEqual([
    '17 nodes went offline: a, b, c, d, e, f, g, h, i, j and 7 others',
  ]);
  expect(folded([offline('a'), offline('b')]).lines).toEqual(['2 nodes went offline: a and b']);
  expect(folded(names.slice(0, 11).map((name) => offline(name))).lines[0]).toMatch(/ i, j and 1 other$/);
});

it('fold - a trouble that ended meanwhile is told with its end, after those that did not', () => {
  expect(folded([offline('a'), online('a')]).lines).toEqual([
    'Node a went offline; then: Node a came online',
  ]);
  expect(folded([offline('a'), offline('b'), online('b'), online('a'), offline('c')]).lines).toEqual([
    'Node c went offline',
    '2 nodes went offline, and then came online: a and b',
  ]);
});

it('fold - a node that flaps is one sentence about its last state', () => {
  const changes = Array.from({ length: 21 }, (_, index) => (index % 2 === 0 ? offline('a') : online('a')));
  expect(folded(changes).lines).toEqual(['Node a went offline (the last of 21 changes)']);
  const both = changes.flatMap((change) => [change, { ...change, subject: 'b', node: 'b' }]);
  expect(folded(both).lines).toEqual(['2 nodes changed 42 times, and at last went offline: a and b']);
});

it('fold - losses are added up', () => {
  expect(folded([lossNotice(3), lossNotice(4), lossNotice(5)]).lines).toEqual([
    '5 messages were lost (the last of 3 such notices, together 12)',
  ]);
});

it('fold - what was dropped before is told', () => {
  expect(folded([offline('a')], 2).lines).toEqual([
    'Node a went offline',
    'Before this, 2 notices could not be delivered',
  ]);
});

it('fold - whatever the order, each notice is told once, and each node by its last state', () => {
  const step = fc.record({ node: fc.constantFrom('a', 'b', 'c', 'd'), isOnline: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const notices = steps.map(({ node, isOnline }, index) =>
        isOnline ? online(node, index) : offline(node, index),
      );
      const { troubles, lines, told } = folded(notices);
      expect(told).toBe(notices.length);
      expect(troubles.reduce((sum, { count }) => sum + count, 0)).toBe(notices.length);
      const names = new Set(steps.map(({ node }) => node));
      expect(troubles.map(({ last }) => last.subject ?? '').toSorted()).toEqual([...names].toSorted());
      for (const { first, last } of troubles) {
        expect(last).toBe(notices.findLast(({ subject }) => subject === last.subject));
        expect(first).toBe(notices.find(({ subject }) => subject === last.subject));
      }
      // Each name stands in exactly one line, with what is true now.
      for (const { last } of troubles) {
        const named = lines.filter((line) => new RegExp(`(^|[ ,:])${last.subject}([ ,]|$)`).test(line));
        expect(named).toHaveLength(1);
        const said = named[0] ?? '';
        expect(said.lastIndexOf(last.group.did)).toBeGreaterThan(
          said.lastIndexOf(last.isResolved ? 'went offline' : 'came online'),
        );
      }
    }),
  );
});

it('fold - a storm of 100,000 changes is one message, and costs little memory', () => {
  const fold = new Fold();
  const start = process.memoryUsage().heapUsed;
  for (let index = 0; index < 100_000; index++) fold.add(offline(`node-${index}`));
  expect(process.memoryUsage().heapUsed - start).toBeLessThan(60 * 1_048_576);
  expect(fold.waiting).toBe(100_000);
  const message = fold.take(0);
  expect(message?.told).toBe(100_000);
  expect(message?.lines).toEqual([
    expect.stringMatching(/^10000 nodes went offline: node-0, .* and 9990 others$/),
    `${100_000 - FOLDED_TROUBLES_MAX} further notices are about others, which are not counted one by one`,
  ]);
});
