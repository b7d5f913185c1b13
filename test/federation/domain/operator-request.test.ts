import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChange } from '../../../src/federation/domain/operator-request.ts';

const KEY = {
  keyHash: 'a'.repeat(64),
  name: 'Anna’s node',
  nodeId: 'node-0001',
  permissions: ['publish', 'subscribe'],
  ratePerMinute: 60,
};

describe('changes', () => {
  it.each([
    { type: 'createKey', key: KEY },
    { type: 'createKey', key: { ...KEY, nodeId: null, permissions: ['admin'], ratePerMinute: 0 } },
    { type: 'revokeKey', keyId: '0123456789abcdef' },
    { type: 'listKeys' },
    { type: 'forgetNode', nodeId: 'node-0001' },
    { type: 'blockNode', nodeId: 'node-0001' },
    { type: 'unblockNode', nodeId: 'node-0001' },
    { type: 'listBlocked' },
    { type: 'listMissing' },
    { type: 'acknowledge', upTo: { lost: 400, shed: 0, quarantined: 2 } },
  ])('changes - $type is read as it is, without what does not belong to it', (change) => {
    expect(decodeChange({ ...change, more: 1 })).toEqual(change);
  });

  it.each<{ change: unknown }>([
    { change: null },
    { change: [] },
    { change: { type: 'dropEverything' } },
    { change: { type: 'toString' } },
    { change: { type: 'revokeKey' } },
    { change: { type: 'revokeKey', keyId: '0123456789ABCDEF' } },
    { change: { type: 'forgetNode', nodeId: 'x' } },
    { change: { type: 'blockNode', nodeId: "a'; DROP TABLE nodes" } },
    { change: { type: 'acknowledge' } },
    { change: { type: 'acknowledge', upTo: { lost: 1, shed: 1 } } },
    { change: { type: 'acknowledge', upTo: { lost: -1, shed: 0, quarantined: 0 } } },
    { change: { type: 'createKey' } },
    ...[
      { keyHash: 'a'.repeat(63) },
      { name: '' },
      { name: ' a' },
      { name: 'a\nb' },
      { name: 'a'.repeat(65) },
      { nodeId: undefined },
      { nodeId: '*' },
      { permissions: [] },
      { permissions: ['publish', 'publish'] },
      { permissions: ['root'] },
      { permissions: 'publish' },
      { ratePerMinute: -1 },
      { ratePerMinute: 1.5 },
      { ratePerMinute: 1_000_001 },
      { ratePerMinute: '60' },
    ].map((wrong) => ({ change: { type: 'createKey', key: { ...KEY, ...wrong } } })),
  ])('changes - $change is refused with a sentence', ({ change }) => {
    expect(decodeChange(change)).toMatch(/^[A-Z].*\.$/);
  });

  it('changes - nothing makes it throw', () => {
    fc.assert(fc.property(fc.anything(), (value) => void decodeChange(value)));
  });
});
