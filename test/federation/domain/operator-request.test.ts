import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOperatorRequest } from '../../../src/federation/domain/operator-request.ts';

const KEY = {
  keyHash: 'a'.repeat(64),
  name: 'Anna’s node',
  nodeId: 'node-0001',
  permissions: ['publish', 'subscribe'],
  ratePerMinute: 60,
};

describe('operator requests', () => {
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
  ])('operator requests - $type is read, without members that do not belong to it', (request) => {
    expect(decodeOperatorRequest({ ...request, more: 1 })).toEqual(request);
  });

  it.each<{ request: unknown }>([
    { request: null },
    { request: [] },
    { request: { type: 'dropEverything' } },
    { request: { type: 'toString' } },
    { request: { type: 'revokeKey' } },
    { request: { type: 'revokeKey', keyId: '0123456789ABCDEF' } },
    { request: { type: 'forgetNode', nodeId: 'x' } },
    { request: { type: 'blockNode', nodeId: "a'; DROP TABLE nodes" } },
    { request: { type: 'acknowledge' } },
    { request: { type: 'acknowledge', upTo: { lost: 1, shed: 1 } } },
    { request: { type: 'acknowledge', upTo: { lost: -1, shed: 0, quarantined: 0 } } },
    { request: { type: 'createKey' } },
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
    ].map((wrong) => ({ request: { type: 'createKey', key: { ...KEY, ...wrong } } })),
  ])('operator requests - $request is refused with a sentence', ({ request }) => {
    expect(decodeOperatorRequest(request)).toMatch(/^[A-Z].*\.$/);
  });

  it('operator requests - no input makes the decoder throw', () => {
    fc.assert(fc.property(fc.anything(), (value) => void decodeOperatorRequest(value)));
  });
});
