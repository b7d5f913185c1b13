// The last gate: what it refuses and what it says about it. A canary is found wherever it stands, and is never repeated.

import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  completedMessage,
  heartbeatMessage,
  invoiceMessage,
  presenceMessage,
  receivedMessage,
} from '../../../src/agent/domain/envelope.ts';
import { checkOutbound, OUTBOUND_BYTES_MAX } from '../../../src/agent/domain/gate.ts';
import { FORBIDDEN_MEMBERS } from '../../../src/federation/domain/privacy.ts';

type Members = Readonly<Record<string, unknown>>;

const NODE = 'node-3f0c0a54-7d0f-4b8e-9d5c-1c2f6b7a9e10';
const SENDER = { nodeId: NODE, salt: '0'.repeat(64), nowMs: Date.parse('2026-01-15T10:34:00Z') };
const ADDRESS = `0x${'aB'.repeat(20)}`;

const MESSAGES = [
  receivedMessage({ executionId: 'e', chainId: '43113', taskType: 'rs', atMs: null }, SENDER),
  completedMessage(
    {
      executionId: 'e',
      chainId: '1',
      metrics: { elapsedMs: 5, exitCode: 0, steps: 5, isCached: true },
      atMs: null,
    },
    SENDER,
  ),
  invoiceMessage(
    {
      invoiceId: 'i',
      executionId: 'e',
      chainId: '1',
      steps: 5,
      peakMemoryBytes: 5,
      operation: 'compute',
      atMs: null,
    },
    SENDER,
  ),
  heartbeatMessage({ isOnline: true, active: 1, total: 1, continent: 'EU', location: '-0.5,180.0' }, SENDER),
  presenceMessage('node_joined', SENDER),
  presenceMessage('node_left', SENDER),
];
const [RECEIVED = '', COMPLETED = '', INVOICE = '', HEARTBEAT = '', JOINED = '', LEFT = ''] = MESSAGES;

const check = (text: string) => checkOutbound(Buffer.from(text), NODE);
const read = (text: string) => JSON.parse(text) as Members & { readonly data: Members };
const withData = (text: string, members: Members) =>
  JSON.stringify({ ...read(text), data: { ...read(text).data, ...members } });
const withTop = (text: string, members: Members) => JSON.stringify({ ...read(text), ...members });
const without = (text: string, name: string) => {
  const { data, ...top } = read(text);
  const rest = Object.fromEntries(Object.entries(data).filter(([each]) => each !== name));
  return JSON.stringify({ ...top, data: rest });
};

describe('gate', () => {
  it.each(MESSAGES)('passes - %s', (text) => {
    expect(check(text)).toEqual({ passes: true, type: read(text)['type'] });
  });

  const REFUSED: readonly [string, string, string][] = [
    ['no JSON', '{', '(text)'],
    ['an array', '[]', '(text)'],
    ['null', 'null', '(text)'],
    ['blanks', RECEIVED.replace(':', ': '), '(text)'],
    ['a byte order mark', `\uFEFF${RECEIVED}`, '(text)'],
    ['a member twice', RECEIVED.replace('"data":{', '"data":{"chainId":"canary","chainId":'), '(text)'],
    ['a member twice above', RECEIVED.replace('{', '{"nodeId":"canary",'), '(text)'],
    ['another spelling', RECEIVED.replace('"rs"', '"r\\u0073"'), '(text)'],
    ['another version', withTop(RECEIVED, { version: '1.1' }), 'version'],
    ['another type', withTop(RECEIVED, { type: 'canary' }), 'type'],
    ['a type that data is not of', withTop(HEARTBEAT, { type: 'node_joined' }), '(other)'],
    ['another node', withTop(RECEIVED, { nodeId: `${NODE}0` }), 'nodeId'],
    ['a time of an exact minute', withTop(RECEIVED, { timestamp: '2026-01-15T10:31:00.000Z' }), 'timestamp'],
    ['an exact time', withTop(RECEIVED, { timestamp: '2026-01-15T10:30:00.001Z' }), 'timestamp'],
    ['no day', withTop(RECEIVED, { timestamp: '2026-02-30T10:30:00.000Z' }), 'timestamp'],
    ['a time as a number', withTop(RECEIVED, { timestamp: 0 }), 'timestamp'],
    ['data as a list', withTop(RECEIVED, { data: [] }), 'data'],
    ['no data', withTop(RECEIVED, { data: undefined }), 'data'],
    ['a member more above', withTop(RECEIVED, { status: 'online' }), '(other)'],
    ['a member more', withData(RECEIVED, { blockNumber: 1 }), '(other)'],
    ['a member named like a method', withData(RECEIVED, { toString: 'x' }), '(other)'],
    ['a member named __proto__', RECEIVED.replace('"chainId"', '"__proto__"'), '(other)'],
    ['a label of another type of message', withData(RECEIVED, { cached: true }), '(other)'],
    ['null', withData(RECEIVED, { chainId: null }), 'chainId'],
    ['a chain as a number', withData(RECEIVED, { chainId: 1 }), 'chainId'],
    ['a long chain', withData(RECEIVED, { chainId: '1'.repeat(21) }), 'chainId'],
    ['a type in capitals', withData(RECEIVED, { taskType: 'RS' }), 'taskType'],
    ['a type `unknown`', withData(RECEIVED, { taskType: 'unknown' }), 'taskType'],
    ['a hash in capitals', withData(RECEIVED, { taskIdHash: 'A'.repeat(64) }), 'taskIdHash'],
    ['a short hash', withData(RECEIVED, { taskIdHash: 'a'.repeat(62) }), 'taskIdHash'],
    ['no hash', without(RECEIVED, 'taskIdHash'), 'taskIdHash'],
    ['a status that is no word of the list', withData(COMPLETED, { status: 'ok' }), 'status'],
    ['no status', without(COMPLETED, 'status'), 'status'],
    ['success as a number', withData(COMPLETED, { success: 1 }), 'success'],
    ['an exact time of execution', withData(COMPLETED, { executionTimeBucket: '5' }), 'executionTimeBucket'],
    ['a range `unknown`', withData(COMPLETED, { gasUsedBucket: 'unknown' }), 'gasUsedBucket'],
    ['cached as text', withData(COMPLETED, { cached: 'true' }), 'cached'],
    ['no invoice', without(INVOICE, 'invoiceIdHash'), 'invoiceIdHash'],
    ['an invoice with a raw task', withData(INVOICE, { taskIdHash: 'e' }), 'taskIdHash'],
    ['exact steps', withData(INVOICE, { stepsComputedBucket: 5 }), 'stepsComputedBucket'],
    ['exact memory', withData(INVOICE, { memoryUsedBucket: '5' }), 'memoryUsedBucket'],
    ['an operation with a digit', withData(INVOICE, { operation: 'pay2' }), 'operation'],
    ['an exact number of tasks', withData(HEARTBEAT, { activeTasksBucket: 1 }), 'activeTasksBucket'],
    ['another number of tasks', withData(HEARTBEAT, { totalTasksBucket: '51' }), 'totalTasksBucket'],
    ['another continent', withData(HEARTBEAT, { continentBucket: 'XX' }), 'continentBucket'],
    ['an exact place', withData(HEARTBEAT, { locationBucket: '48.2,11.5' }), 'locationBucket'],
    ['a place without decimals', withData(HEARTBEAT, { locationBucket: '48,11.5' }), 'locationBucket'],
    ['a place of -0.0', withData(HEARTBEAT, { locationBucket: '-0.0,11.5' }), 'locationBucket'],
    ['a place outside', withData(HEARTBEAT, { locationBucket: '90.5,11.5' }), 'locationBucket'],
    ['a joining node that is offline', withData(JOINED, { status: 'offline' }), 'status'],
    ['a leaving node that is online', withData(LEFT, { status: 'online' }), 'status'],
    ['a great message', withData(RECEIVED, { taskType: 'a'.repeat(1_024) }), '(size)'],
  ];
  it.each(REFUSED)('refuses %s', (_case, text, member) => {
    expect(check(text)).toMatchObject({ passes: false, member });
  });

  it.each(FORBIDDEN_MEMBERS)('refuses the member %s, in data and above, without naming it', (name) => {
    for (const text of [withData(RECEIVED, { [name]: 1 }), withTop(RECEIVED, { [name]: null })]) {
      expect(check(text)).toEqual({ passes: false, type: 'task_received', member: '(other)' });
    }
  });

  it('refuses an address as node id, though it is the id of the sender', () => {
    const payload = Buffer.from(presenceMessage('node_joined', { ...SENDER, nodeId: ADDRESS }));
    expect(checkOutbound(payload, ADDRESS)).toMatchObject({ passes: false, member: 'nodeId' });
  });

  it('refuses bytes that are no UTF-8', () => {
    const payload = Buffer.from(RECEIVED);
    payload[payload.length - 5] = 0xff;
    expect(checkOutbound(payload, NODE)).toMatchObject({ passes: false, member: '(text)' });
  });

  it('size - 1,024 bytes are looked into, one more is not', () => {
    const padded = (bytes: number) => Buffer.from(RECEIVED.padEnd(bytes, ' '));
    expect(checkOutbound(padded(OUTBOUND_BYTES_MAX), NODE)).toMatchObject({ member: '(text)' });
    expect(checkOutbound(padded(OUTBOUND_BYTES_MAX + 1), NODE)).toMatchObject({ member: '(size)' });
  });
});

const CANARIES = fc.oneof(
  fc.constant(ADDRESS),
  fc.constant('203.0.113.77'),
  fc.constant('2001:db8::77'),
  fc.constant('operator@example.org'),
  fc.uuid(),
  fc.ipV4(),
  fc.ipV6(),
  fc.emailAddress(),
  fc.stringMatching(/^canary-[a-z]{20,30}$/),
  fc.stringMatching(/^0x[0-9a-f]{64}$/),
);

describe('gate laws', () => {
  it('a canary is found as the value of any member, inside one, as a name, and beside data', () => {
    const names = (text: string) => Object.keys(read(text).data);
    const topNames = ['version', 'type', 'nodeId', 'timestamp', 'data'];
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGES), CANARIES, fc.nat(), (text, canary, pick) => {
        const name = names(text)[pick % names(text).length] ?? '';
        const top = topNames[pick % topNames.length] ?? '';
        const value = read(text).data[name];
        const spoilt = [
          withData(text, { [name]: canary }),
          withData(text, { [name]: `${String(value)}${canary}` }),
          withData(text, { [name]: [canary] }),
          withData(text, { [name]: { [canary]: value } }),
          withData(text, { [canary]: value }),
          withData(text, { note: canary }),
          withTop(text, { [top]: canary }),
          withTop(text, { [canary]: 1 }),
          withTop(text, { note: { canary } }),
          `${text}${canary}`,
        ];
        for (const each of spoilt) {
          const result = check(each);
          expect(result.passes).toBe(false);
          expect(JSON.stringify(result)).not.toContain(canary);
        }
      }),
    );
  });

  it('never throws and passes nothing but objects, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (payload) => {
          expect(checkOutbound(payload, NODE).passes).toBe(false);
        },
      ),
    );
  });
});
