import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ControlEntry } from '../../../src/federation/domain/cluster.ts';
import {
  CONTROL_ENTRY_BYTES_MAX,
  decodeControlEntry,
  encodeControlEntry,
} from '../../../src/federation/domain/control-entry.ts';

const BLOCK: ControlEntry = {
  id: 'e2',
  previous: 'e1',
  by: 'a',
  command: { type: 'blockNode', nodeId: 'node-1' },
};
const KEY: ControlEntry = {
  id: 'e1',
  previous: null,
  by: 'a',
  atMs: 1_790_000_000_000,
  command: {
    type: 'createKey',
    key: {
      keyHash: 'ab'.repeat(32),
      name: 'n'.repeat(64),
      nodeId: 'node-1',
      permissions: ['publish', 'admin'],
      ratePerMinute: 60,
    },
  },
};

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('control entry', () => {
  it.each<[string, ControlEntry]>([
    ['a key', KEY],
    ['a blocked node', BLOCK],
    ['a node that may come again', { ...BLOCK, command: { type: 'unblockNode', nodeId: 'node-1' } }],
    ['a forgotten node', { ...BLOCK, command: { type: 'forgetNode', nodeId: 'node-1' } }],
    ['a revoked key', { ...BLOCK, command: { type: 'revokeKey', keyId: '0123456789abcdef' } }],
  ])('an entry comes back as it was written: %s', (_name, entry) => {
    expect(decodeControlEntry(encodeControlEntry(entry))).toEqual(entry);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no JSON', Buffer.from('{'), /is JSON/],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22]), /is JSON/],
    ['a list', bytes([]), /is an object/],
    ['no id', bytes({ ...BLOCK, id: '' }), /id of an entry/],
    ['an id with a blank', bytes({ ...BLOCK, id: 'a b' }), /id of an entry/],
    ['no id before', bytes({ ...BLOCK, previous: undefined }), /entry before/],
    ['no replica', bytes({ ...BLOCK, by: 7 }), /name of a replica/],
    ['a time that is no number', bytes({ ...BLOCK, atMs: '7' }), /time of an entry/],
    ['a time below 0', bytes({ ...BLOCK, atMs: -1 }), /time of an entry/],
    ['a time that no Date can hold', bytes({ ...BLOCK, atMs: Number.MAX_SAFE_INTEGER }), /time of an entry/],
    ['no command', bytes({ ...BLOCK, command: undefined }), /A request is an object/],
    ['a question', bytes({ ...BLOCK, command: { type: 'listKeys' } }), /of the type listKeys/],
    ['a node id too short', bytes({ ...BLOCK, command: { type: 'blockNode', nodeId: 'a' } }), /node id/],
    ['too many bytes', Buffer.alloc(CONTROL_ENTRY_BYTES_MAX + 1, 0x20), /at most 4096 bytes/],
  ])('a malformed entry is refused with a sentence: %s', (_name, given, sentence) => {
    expect(decodeControlEntry(given)).toMatch(sentence);
  });

  it('any bytes and any JSON are decoded without an exception, and never to another type', () => {
    const given = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({ id: fc.jsonValue(), previous: fc.jsonValue(), by: fc.jsonValue(), command: fc.jsonValue() })
        .map(bytes),
    );
    fc.assert(fc.property(given, (entry) => typeof decodeControlEntry(entry) === 'string'));
  });

  it('members that this version does not know are left out', () => {
    expect(decodeControlEntry(bytes({ ...BLOCK, more: 1 }))).toEqual(BLOCK);
  });
});
