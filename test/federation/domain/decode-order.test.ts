import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import {
  ADDRESS,
  ALL,
  bytesOf,
  COMPLETED,
  decode,
  FORBIDDEN,
  HEARTBEAT,
  INVOICE,
  JOINED,
  LEFT,
  type Members,
  messageOf,
  RECEIVED,
  unknownLabelsOf,
} from './messages.ts';

const text = (subject: number) => JSON.stringify(messageOf(subject));

describe('decode order', () => {
  /**
   * Faults in the order of docs/federation.md#refused-messages, each with the reason it gives and how it spoils a
   * message.
   */
  const FAULTS: readonly (readonly [string, string, Members, Members])[] = [
    ['version', 'bad_version', { version: '2.0' }, {}],
    ['type', 'type_mismatch', { type: 'network_stats' }, {}],
    ['node id', 'bad_node_id', { nodeId: 'a b' }, {}],
    ['member at top level', 'personal_data', { wallet: null }, {}],
    ['member in data', 'personal_data', {}, { input_data: null }],
    ['id', 'bad_id_hash', {}, { taskIdHash: 'ab', invoiceIdHash: 'ab' }],
    ['JSON type', 'bad_value', {}, { chainId: {}, totalTasksBucket: 1 }],
    ['value', 'personal_data', { nodeId: `n-${ADDRESS}` }, {}],
    ['label', 'accepted', {}, { chainId: '#', continentBucket: '#' }],
  ];

  it.each([RECEIVED, COMPLETED, INVOICE, HEARTBEAT])(
    'decode order - subject %i, as faults are mended one by one, the first remaining fault gives the reason',
    (subject) => {
      const reasons: unknown[] = [];
      const wanted: string[] = [];
      FAULTS.forEach(([, reason], first) => {
        if (subject === HEARTBEAT && reason === 'bad_id_hash') return;
        // From the last fault to the first, so that an earlier one replaces what a later one spoiled.
        const left = FAULTS.slice(first).toReversed();
        const message = messageOf(
          subject,
          Object.assign({}, ...left.map(([, , , data]) => data)) as Members,
          Object.assign({}, ...left.map(([, , top]) => top)) as Members,
        );
        const decoded = decode(subject, message);
        reasons.push(typeof decoded === 'string' ? decoded : 'accepted');
        wanted.push(reason);
      });
      expect(reasons).toEqual(wanted);
    },
  );

  it.each(ALL)(
    'decode order - subject %i, data that is not an object is reported before a forbidden member name',
    (subject) => {
      expect(decode(subject, messageOf(subject, {}, { data: [], wallet: 'x' }))).toBe('bad_value');
      expect(decode(subject, messageOf(subject, {}, { data: [], nodeId: 'abc' }))).toBe('bad_node_id');
    },
  );

  it.each([
    ['chainId', RECEIVED, { chainId: ADDRESS, taskType: 7 }],
    ['chainId', COMPLETED, { chainId: ADDRESS, cached: 2 }],
    ['operation', INVOICE, { operation: ADDRESS, memoryUsedBucket: 7 }],
  ] as const)('decode order - a wrong type comes before an address in %s', (_name, subject, data) => {
    expect(decode(subject, messageOf(subject, data))).toBe('bad_value');
  });

  it('decode order - a bad task id in an invoice is reported before a wrong type', () => {
    expect(decode(INVOICE, messageOf(INVOICE, { taskIdHash: 7, operation: 7 }))).toBe('bad_id_hash');
  });
});

describe('decode tolerance', () => {
  const JUNK = [
    null,
    0,
    -1.5,
    true,
    '',
    'x'.repeat(1000),
    ADDRESS,
    '10.0.0.1',
    'me@example.com',
    [],
    [[{}]],
    { a: 1 },
  ];
  const NEVER_READ: Readonly<Record<number, readonly string[]>> = {
    [RECEIVED]: [
      'blockNumber',
      'blockHash',
      'taskHash',
      'status',
      'success',
      'cached',
      'operation',
      'locationBucket',
    ],
    [COMPLETED]: [
      'blockNumber',
      'blockHash',
      'taskHash',
      'taskType',
      'operation',
      'locationBucket',
      'totalTasksBucket',
    ],
    [INVOICE]: [
      'blockNumber',
      'taskType',
      'status',
      'success',
      'cached',
      'executionTimeBucket',
      'gasUsedBucket',
    ],
    [HEARTBEAT]: [
      'activeTasks',
      'totalTasks',
      'totalInvoices',
      'chainId',
      'taskIdHash',
      'invoiceIdHash',
      'success',
    ],
    [JOINED]: [
      'status',
      'activeTasks',
      'chainId',
      'taskIdHash',
      'invoiceIdHash',
      'continentBucket',
      'locationBucket',
    ],
    [LEFT]: [
      'status',
      'activeTasks',
      'chainId',
      'taskIdHash',
      'invoiceIdHash',
      'continentBucket',
      'locationBucket',
    ],
  };

  it.each(ALL)('decode tolerance - subject %i, members that are not stored may hold any value', (subject) => {
    const untouched = decode(subject, messageOf(subject));
    expect(untouched).toBeTypeOf('object');
    for (const name of NEVER_READ[subject] ?? []) {
      for (const junk of JUNK) {
        expect(decode(subject, messageOf(subject, { [name]: junk })), `${name} in data`).toStrictEqual(
          untouched,
        );
      }
    }
    for (const name of [
      'timestamp',
      'blockNumber',
      'blockHash',
      'chainId',
      'taskIdHash',
      'locationBucket',
      'id',
    ]) {
      for (const junk of JUNK) {
        expect(decode(subject, messageOf(subject, {}, { [name]: junk })), `${name} beside`).toStrictEqual(
          untouched,
        );
      }
    }
  });

  it.each(ALL)('decode tolerance - subject %i, an unread member may nest arrays 7,000 deep', (subject) => {
    const deep = `${'['.repeat(7000)}${']'.repeat(7000)}`;
    const message = text(subject).replace('"data":{', `"trace":${deep},"data":{`);
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
  });

  it.each(ALL)(
    'decode tolerance - subject %i, forbidden names are refused only at top level and in data',
    (subject) => {
      const untouched = decode(subject, messageOf(subject));
      for (const name of FORBIDDEN) {
        const deeper = { nested: { [name]: 'x' }, [name.toUpperCase()]: 'x', [`${name}s`]: 'x' };
        expect(decode(subject, messageOf(subject, deeper, { meta: deeper }))).toStrictEqual(untouched);
      }
    },
  );

  it.each(ALL)('decode tolerance - subject %i, __proto__ and constructor are ordinary members', (subject) => {
    const message = text(subject)
      .replace('{', '{"__proto__":{"wallet":"x","data":7},"constructor":null,')
      .replace(
        '"data":{',
        '"data":{"__proto__":{"wallet":"x","success":"?","chainId":{}},"hasOwnProperty":1,',
      );
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect({}).not.toHaveProperty('wallet');
  });

  it.each(ALL)('decode tolerance - subject %i, of a member given twice the last one counts', (subject) => {
    const message = text(subject)
      .replace('{', '{"version":2,"nodeId":7,"data":{"wallet":1},')
      .replace('"1.0"', '"2.0","version":"1.0"');
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
  });

  it.each([
    [`0x${'ab'.repeat(19)}a`, '39 digits'],
    [`0x${'ab'.repeat(20)}a`, '41 digits'],
    ['ab'.repeat(20), 'no 0x'],
  ])('decode tolerance - %s (%s) is not taken for an Ethereum address', (value) => {
    for (const subject of ALL) {
      expect(decode(subject, messageOf(subject, {}, { nodeId: value }))).toMatchObject({ nodeId: value });
    }
    expect(decode(RECEIVED, messageOf(RECEIVED, { chainId: value, taskType: value }))).toMatchObject({
      chainId: value,
      taskType: value,
    });
    expect(decode(INVOICE, messageOf(INVOICE, { operation: value }))).toMatchObject({ operation: value });
  });

  it('decode tolerance - an e-mail address cannot match the pattern of a label and counts as absent', () => {
    const decoder = new Decoder();
    const data = { chainId: 'me@example.com', taskType: 'mailto:me@example.com' };
    expect(decoder.decode(RECEIVED, bytesOf(messageOf(RECEIVED, data)))).toMatchObject({
      chainId: null,
      taskType: null,
    });
    expect(unknownLabelsOf(decoder)).toEqual({ chainId: 1, taskType: 1 });
  });

  it('decode tolerance - addresses in buckets, places and statuses are no labels and count as absent', () => {
    const address = '10.0.0.1';
    expect(
      decode(HEARTBEAT, messageOf(HEARTBEAT, { continentBucket: address, locationBucket: address })),
    ).toMatchObject({
      continent: 7,
      location: null,
    });
    expect(
      decode(COMPLETED, messageOf(COMPLETED, { status: ADDRESS, executionTimeBucket: ADDRESS })),
    ).toBeTypeOf('object');
  });
});
