// Every message that the builders make: its exact text, and that the aggregator's decoder takes it and loses nothing.

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  type Completion,
  completedMessage,
  heartbeatMessage,
  invoiceMessage,
  presenceMessage,
  receivedMessage,
  subjectOf,
} from '../../../src/agent/domain/envelope.ts';
import { checkOutbound } from '../../../src/agent/domain/gate.ts';
import { FACT_TYPES, PRESENCE_TYPES } from '../../../src/agent/domain/messages.ts';
import { roundLocation } from '../../../src/agent/domain/place.ts';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { CONTINENTS, MESSAGE_TYPES, SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';

const NODE = 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10';
const SENDER = { nodeId: NODE, salt: 'f'.repeat(64), nowMs: Date.parse('2026-01-15T10:34:00Z') };
const ID = '657938a7-ebf1-4899-85ea-494fbca71123';
const ID_HASH = '714bcb9203195b33df12370f29e7578c308798a140a04f10852e1269a893a2d6';
const AT_MS = Date.parse('2026-01-15T10:12:00Z');

const enveloped = (type: string, minute: string, data: object) =>
  JSON.stringify({ version: '1.0', type, nodeId: NODE, timestamp: `2026-01-15T10:${minute}:00.000Z`, data });

describe('envelope', () => {
  it('task_received - has chain, type and hash, and leaves out what is absent', () => {
    const fact = { executionId: ID, chainId: '43113', taskType: 'rs', atMs: AT_MS };
    expect(receivedMessage(fact, SENDER)).toBe(
      enveloped('task_received', '10', { chainId: '43113', taskType: 'rs', taskIdHash: ID_HASH }),
    );
    const bare = { executionId: ID, chainId: null, taskType: null, atMs: null };
    expect(receivedMessage(bare, SENDER)).toBe(enveloped('task_received', '30', { taskIdHash: ID_HASH }));
  });

  it('labels - outside their pattern they are left out, and the message stays', () => {
    const fact = { executionId: ID, chainId: '0x1', taskType: 'unknown', atMs: AT_MS };
    expect(receivedMessage(fact, SENDER)).toBe(enveloped('task_received', '10', { taskIdHash: ID_HASH }));
  });

  const COMPLETIONS: readonly [string, Completion, object][] = [
    [
      'without metrics',
      { executionId: ID, chainId: null, metrics: null, atMs: AT_MS },
      { taskIdHash: ID_HASH, status: 'completed' },
    ],
    [
      'by its hash, with all metrics',
      {
        taskIdHash: ID_HASH,
        chainId: '1',
        metrics: { elapsedMs: 100, exitCode: 0, steps: 1e6, isCached: true },
        atMs: AT_MS,
      },
      {
        chainId: '1',
        taskIdHash: ID_HASH,
        status: 'completed',
        success: true,
        executionTimeBucket: '100-500ms',
        gasUsedBucket: '1M-10M',
        cached: true,
      },
    ],
    [
      'failed',
      {
        executionId: ID,
        chainId: null,
        metrics: { elapsedMs: 0, exitCode: 1, steps: null, isCached: false },
        atMs: AT_MS,
      },
      { taskIdHash: ID_HASH, status: 'failed', success: false, cached: false },
    ],
    [
      'failed, without an exit code',
      { executionId: ID, chainId: null, hasFailed: true, metrics: null, atMs: AT_MS },
      { taskIdHash: ID_HASH, status: 'failed' },
    ],
    [
      'with metrics that name no exit code',
      {
        executionId: ID,
        chainId: null,
        metrics: { elapsedMs: 1, exitCode: null, steps: null, isCached: null },
        atMs: AT_MS,
      },
      { taskIdHash: ID_HASH, status: 'completed', executionTimeBucket: '<100ms' },
    ],
  ];
  it.each(COMPLETIONS)('task_completed - %s', (_case, completion, data) => {
    expect(completedMessage(completion, SENDER)).toBe(enveloped('task_completed', '10', data));
  });

  it('invoice_created - needs no execution', () => {
    const bare = { chainId: null, steps: null, peakMemoryBytes: null, operation: null, atMs: AT_MS };
    const hash = 'f38c25d3218d3358e5784f276296032a71def67d58b0e1948f99b8f5f4109c81';
    expect(invoiceMessage({ ...bare, invoiceId: 'inv-123', executionId: null }, SENDER)).toBe(
      enveloped('invoice_created', '10', { invoiceIdHash: hash }),
    );
    const full = { chainId: '1', steps: 5, peakMemoryBytes: 2 ** 30, operation: 'compute', atMs: AT_MS };
    expect(invoiceMessage({ ...full, invoiceId: 'inv-123', executionId: ID }, SENDER)).toBe(
      enveloped('invoice_created', '10', {
        invoiceIdHash: hash,
        taskIdHash: ID_HASH,
        chainId: '1',
        stepsComputedBucket: '<100K',
        memoryUsedBucket: '>1GB',
        operation: 'compute',
      }),
    );
  });

  it('heartbeat and presence - ranges only, and the time of now', () => {
    const state = { isOnline: true, active: 2, total: 51, continent: 'EU', location: '48.0,11.5' };
    expect(heartbeatMessage(state, SENDER)).toBe(
      enveloped('heartbeat', '30', {
        status: 'online',
        activeTasksBucket: '2-3',
        totalTasksBucket: '50-100',
        continentBucket: 'EU',
        locationBucket: '48.0,11.5',
      }),
    );
    const away = { isOnline: false, active: 0, total: 0, continent: null, location: null };
    expect(heartbeatMessage(away, SENDER)).toBe(
      enveloped('heartbeat', '30', { status: 'offline', activeTasksBucket: '0', totalTasksBucket: '0' }),
    );
    expect(presenceMessage('node_joined', SENDER)).toBe(enveloped('node_joined', '30', { status: 'online' }));
    expect(presenceMessage('node_left', SENDER)).toBe(enveloped('node_left', '30', { status: 'offline' }));
  });

  it('subjects - each type has its own', () => {
    for (const type of [...FACT_TYPES, ...PRESENCE_TYPES]) {
      expect(MESSAGE_TYPES[SUBJECTS.indexOf(subjectOf(type))]).toBe(type);
    }
  });
});

const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const anyId = fc.string({ minLength: 1, maxLength: 256, unit: 'binary' });
const anyNumber = orNull(fc.oneof(fc.double(), fc.integer()));
const anyTime = orNull(fc.oneof(fc.double(), fc.integer({ min: 0, max: 4e12 })));
const anyText = orNull(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,20}$/), fc.constant('wasm')));
const anyFact = fc.record({
  executionId: anyId,
  invoiceId: anyId,
  chainId: anyText,
  taskType: anyText,
  operation: anyText,
  atMs: anyTime,
  steps: anyNumber,
  peakMemoryBytes: anyNumber,
  metrics: orNull(
    fc.record({
      elapsedMs: anyNumber,
      exitCode: anyNumber,
      steps: anyNumber,
      isCached: orNull(fc.boolean()),
    }),
  ),
  isOnline: fc.boolean(),
  active: fc.double(),
  total: fc.nat(),
  continent: orNull(fc.constantFrom(...CONTINENTS)),
  place: fc.tuple(fc.integer({ min: -90, max: 90 }), fc.integer({ min: -180, max: 180 })),
});

describe('envelope laws', () => {
  it('every message passes the gate, and the decoder of the aggregator takes it and knows every label', () => {
    const decoder = new Decoder();
    fc.assert(
      fc.property(anyFact, (fact) => {
        const texts = [
          receivedMessage(fact, SENDER),
          completedMessage(fact, SENDER),
          invoiceMessage(fact, SENDER),
          heartbeatMessage({ ...fact, location: roundLocation(fact.place.join(',')) }, SENDER),
          presenceMessage('node_joined', SENDER),
          presenceMessage('node_left', SENDER),
        ];
        for (const [subject, text] of texts.entries()) {
          const bytes = Buffer.from(text);
          expect(checkOutbound(bytes, NODE)).toEqual({ passes: true, type: MESSAGE_TYPES[subject] });
          expect(decoder.decode(subject, bytes)).toMatchObject({ type: MESSAGE_TYPES[subject] });
          expect(text).not.toContain('null');
        }
      }),
    );
    expect(decoder.unknownLabels.every((count) => count === 0)).toBe(true);
  });
});
