import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fnv1a, partitionOf } from '../../../src/federation/domain/placement.ts';

const of = (text: string | Uint8Array, seq = 5, partitions = 8) =>
  partitionOf(Buffer.from(text), seq, partitions);
const padded = (length: number) => `{"nodeId":"node-1"${' '.repeat(length - 19)}}`;

describe('placement - version 1 of the rule, frozen', () => {
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
    ['node-1', 0x54c43383],
    ['nödé', 0x8d0cc6fc],
    ['🦊', 0x0e130b58],
  ])('the hash of %j', (text, hash) => {
    expect(fnv1a(text)).toBe(hash);
  });

  it.each([
    ['a node', '{"nodeId":"node-1"}', 0x54c43383 % 8],
    ['a node with 16 KiB', padded(16_384), 0x54c43383 % 8],
    ['a byte more', padded(16_385), 5],
    ['an empty id', '{"nodeId":""}', 0x811c9dc5 % 8],
    ['the member twice: the last counts', '{"nodeId":"x","nodeId":"node-1"}', 0x54c43383 % 8],
    ['the member twice, last a number', '{"nodeId":"node-1","nodeId":3}', 5],
    ['an escape', '{"node\\u0049d":"node\\u002d1"}', 0x54c43383 % 8],
    ['not ASCII', '{"nodeId":"nödé"}', 0x8d0cc6fc % 8],
    ['half of a pair is U+FFFD', '{"nodeId":"\\ud83e"}', fnv1a('\ufffd') % 8],
    ['broken UTF-8 is U+FFFD', Buffer.from('{"nodeId":"\xff"}', 'latin1'), fnv1a('\ufffd') % 8],
    ['a number', '{"nodeId":7}', 5],
    ['an array', '[{"nodeId":"node-1"}]', 5],
    ['no JSON', '{"nodeId":"node-1"', 5],
    ['a byte order mark', '\ufeff{"nodeId":"node-1"}', 5],
    ['nothing', '', 5],
    ['null', 'null', 5],
    ['a text', '"nodeId"', 5],
    ['a prototype is no member', '{"__proto__":{"nodeId":"node-1"}}', 5],
  ])('%s', (_what, payload, partition) => {
    expect(of(payload)).toBe(partition);
  });

  it('one partition has everything, and a sequence beyond 32 bits is spread', () => {
    expect(of('{"nodeId":"node-1"}', 5, 1)).toBe(0);
    expect(of('x', 2 ** 40 + 3)).toBe(3);
  });

  it('every message has a partition', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.maxSafeNat(),
        fc.constantFrom(1, 2, 8, 32),
        (payload, seq, partitions) => {
          const partition = partitionOf(payload, seq, partitions);
          expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        },
      ),
    );
  });
});
