// Generators of valid events for the laws of the store, and small ways to make one.

import fc from 'fast-check';
import { encodeOutcome } from '../../../src/federation/domain/outcome.ts';
import type { Signal } from '../../../src/federation/domain/signal.ts';

export const NO_LIMITS = {
  ratePerMinute: 0,
  rateBurst: 0,
  globalPerSecond: 0,
  newNodesPerMinute: 0,
  maxNodes: 0,
};
export const NOW_MS = Date.UTC(2026, 0, 15, 10, 30);
export const DAY_MS = 86_400_000;

export interface Event {
  readonly atMs: number;
  readonly signal: Signal;
}

export const joined = (nodeId: string): Signal => ({ type: 'node_joined', nodeId });
export const received = (nodeId: string, idHash: string): Signal => ({
  type: 'task_received',
  nodeId,
  idHash,
  chainId: '1',
  taskType: 'wasm',
});
export const completed = (nodeId: string, idHash: string): Signal => ({
  type: 'task_completed',
  nodeId,
  idHash,
  chainId: '1',
  outcome: encodeOutcome(false, 1, 2, 0),
});
export const invoiced = (nodeId: string, idHash: string): Signal => ({
  type: 'invoice_created',
  nodeId,
  idHash,
  taskIdHash: null,
  chainId: '1',
  operation: 'compute',
  steps: 1,
  memory: 2,
});

/** An id hash of 16 hex digits. */
export const hash = (number: number): string => number.toString(16).padStart(16, '0');

const nodeId = fc.constantFrom('node-a', 'node-b', 'node-c', 'node-d');
const idHash = fc.constantFrom(1, 2, 3, 4).map(hash);
const chainId = fc.constantFrom(null, '1', '137');
const outcome = fc
  .tuple(
    fc.boolean(),
    fc.integer({ min: 0, max: 8 }),
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 2 }),
  )
  .map((parts) => encodeOutcome(...parts));

/** Any message, from few nodes about few ids, so that messages concern the same rows. */
export const signal: fc.Arbitrary<Signal> = fc.oneof(
  fc.record({
    type: fc.constant('task_received' as const),
    nodeId,
    idHash,
    chainId,
    taskType: fc.constantFrom(null, 'wasm', 'docker'),
  }),
  fc.record({ type: fc.constant('task_completed' as const), nodeId, idHash, chainId, outcome }),
  fc.record({
    type: fc.constant('invoice_created' as const),
    nodeId,
    idHash,
    taskIdHash: fc.option(idHash),
    chainId,
    operation: fc.constantFrom(null, 'compute'),
    steps: fc.integer({ min: 0, max: 5 }),
    memory: fc.integer({ min: 0, max: 4 }),
  }),
  fc.record({
    type: fc.constant('heartbeat' as const),
    nodeId,
    alive: fc.boolean(),
    totalTasks: fc.integer({ min: 0, max: 7 }),
    activeTasks: fc.integer({ min: 0, max: 5 }),
    continent: fc.integer({ min: 0, max: 7 }),
    location: fc.constantFrom(null, '48.0,11.5'),
  }),
  fc.record({ type: fc.constantFrom('node_joined' as const, 'node_left' as const), nodeId }),
);
