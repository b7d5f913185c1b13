import { describe, expect, it } from 'vitest';
import { Decoder, MESSAGE_BYTES_MAX } from '../../src/domain/federation/decode.ts';
import {
  ALL,
  bytesOf,
  COMPLETED,
  decode,
  HEARTBEAT,
  INVOICE,
  INVOICE_ID,
  JOINED,
  LEFT,
  type Members,
  messageOf,
  RECEIVED,
  TASK_ID,
  unknownLabelsOf,
} from './messages.ts';

interface Rubbish {
  readonly kind: string;
  readonly subjects: readonly number[];
  readonly reason: string;
  readonly message: (subject: number) => unknown;
}

const ADDRESS = `0x${'aB'.repeat(20)}`;
const FORBIDDEN = [
  'execution_id',
  'input_data',
  'output_data',
  'error_data',
  'private_key',
  'privateKey',
  'wallet',
  'walletAddress',
  'nodeAddress',
];

const text = (subject: number) => JSON.stringify(messageOf(subject));
const everywhere = (kind: string, reason: string, message: (subject: number) => unknown): Rubbish => ({
  kind,
  subjects: ALL,
  reason,
  message,
});
const top = (kind: string, reason: string, members: Members) =>
  everywhere(kind, reason, (subject) => messageOf(subject, {}, members));
const inData = (kind: string, subjects: readonly number[], reason: string, members: Members): Rubbish => ({
  kind,
  subjects,
  reason,
  message: (subject) => messageOf(subject, members),
});
/** Spaces after the message up to this many bytes: JSON allows them. */
const padded = (subject: number, bytes: number) => text(subject).padEnd(bytes, ' ');

const NO_JSON: readonly Rubbish[] = [
  everywhere('one byte over 16 KiB', 'too_large', (subject) => padded(subject, 16_385)),
  everywhere('over 16 KiB and no JSON', 'too_large', () => '['.repeat(16_385)),
  everywhere('over 16 KiB and no UTF-8', 'too_large', () => new Uint8Array(20_000).fill(0xff)),
  everywhere('nothing', 'not_json', () => ''),
  everywhere('white space', 'not_json', () => ' \n'),
  everywhere('a NUL', 'not_json', () => '\0'),
  everywhere('a message cut short', 'not_json', (subject) => text(subject).slice(0, -1)),
  everywhere('a message and one more byte', 'not_json', (subject) => `${text(subject)}x`),
  everywhere('two messages', 'not_json', (subject) => text(subject).repeat(2)),
  everywhere('a byte order mark', 'not_json', (subject) => `\uFEFF${text(subject)}`),
  everywhere('UTF-16', 'not_json', (subject) => Buffer.from(text(subject), 'utf16le')),
  everywhere('a lone continuation byte', 'not_json', (subject) => spliced(subject, [0x80])),
  everywhere('an overlong slash', 'not_json', (subject) => spliced(subject, [0xc0, 0xaf])),
  everywhere('a surrogate in UTF-8', 'not_json', (subject) => spliced(subject, [0xed, 0xa0, 0x80])),
  everywhere('a code point too high', 'not_json', (subject) => spliced(subject, [0xf4, 0x90, 0x80, 0x80])),
  everywhere('a sequence cut short', 'not_json', () => new Uint8Array([0x22, 0xe2, 0x82])),
  everywhere('a raw line break in a string', 'not_json', (subject) => text(subject).replace('node-', 'node-\n')),
  everywhere('single quotes', 'not_json', (subject) => text(subject).replaceAll('"', "'")),
  everywhere('a trailing comma', 'not_json', (subject) => text(subject).replace(/\}$/, ',}')),
  everywhere('a comment', 'not_json', (subject) => `// hello\n${text(subject)}`),
  everywhere('NaN', 'not_json', (subject) => text(subject).replace('"1.0"', 'NaN')),
  everywhere('16 KiB of opened arrays', 'not_json', () => '['.repeat(16_384)),
  everywhere('16 KiB of opened objects', 'not_json', () => '{"a":'.repeat(3276)),
  everywhere('8 KiB of nested arrays', 'not_object', () => '['.repeat(8192) + ']'.repeat(8192)),
  everywhere('an array of the message', 'not_object', (subject) => [messageOf(subject)]),
  everywhere('an empty array', 'not_object', () => []),
  everywhere('a number', 'not_object', () => 0),
  everywhere('a string', 'not_object', () => '"online"'),
  everywhere('true', 'not_object', () => true),
  everywhere('null', 'not_object', () => null),
];

/** The valid message with these bytes at the start of its node id. */
function spliced(subject: number, bytes: readonly number[]): Uint8Array {
  const message = Buffer.from(text(subject));
  const at = message.indexOf('node-3f0c');
  return Buffer.concat([message.subarray(0, at), Buffer.from(bytes), message.subarray(at)]);
}

const ENVELOPE: readonly Rubbish[] = [
  everywhere('an empty object', 'bad_version', () => ({})),
  everywhere('the message inside another', 'bad_version', (subject) => ({ message: messageOf(subject) })),
  ...[undefined, null, 1, 1.0, '', '2', '2.0', '0.9', '10.0', '11', '01.0', 'v1.0', '1x', ' 1.0', '1.0\n', ['1.0'], {}].map(
    (version) => top(`version ${JSON.stringify(version) ?? 'absent'}`, 'bad_version', { version }),
  ),
  ...[undefined, null, 1, '', 'network_stats', 'Heartbeat', 'heartbeat ', ['heartbeat'], {}].map((type) =>
    top(`type ${JSON.stringify(type) ?? 'absent'}`, 'type_mismatch', { type }),
  ),
  everywhere('the type of the next subject', 'type_mismatch', (subject) =>
    messageOf(subject, {}, { type: messageOf((subject + 1) % 6)['type'] }),
  ),
  ...[
    undefined,
    null,
    12_345,
    true,
    ['node-1'],
    {},
    '',
    'abc',
    'n'.repeat(65),
    'node 1',
    ' node-1',
    'node-1\n',
    'node.1',
    'node:1',
    'n\u00f6de-1',
    'node-\u{1f600}',
    'node-\u0000',
    '<b>node</b>',
    'someone@example.com',
    '192.168.1.10',
    '2001:db8::1',
  ].map((nodeId) => top(`node id ${JSON.stringify(nodeId) ?? 'absent'}`, 'bad_node_id', { nodeId })),
  ...['{}', 7, 0, true, false, '', [], [{}]].map((data) => top(`data ${JSON.stringify(data)}`, 'bad_value', { data })),
  everywhere('the last of two versions counts', 'bad_version', (subject) =>
    text(subject).replace('"1.0"', '"1.0","version":"2.0"'),
  ),
  everywhere('a version in the prototype', 'bad_version', (subject) =>
    text(subject).replace('"version":"1.0"', '"__proto__":{"version":"1.0"}'),
  ),
  everywhere('a node id in the prototype', 'bad_node_id', (subject) =>
    text(subject).replace('"nodeId":', '"__proto__":{"nodeId":"node-1"},"nodeid":'),
  ),
];

const MEMBER_NAMES: readonly Rubbish[] = FORBIDDEN.flatMap((name) => [
  top(`${name} at top level`, 'personal_data', { [name]: 'x' }),
  top(`${name} at top level, null`, 'personal_data', { [name]: null }),
  top(`${name} at top level, no data`, 'personal_data', { [name]: '', data: undefined }),
  inData(`${name} in data`, ALL, 'personal_data', { [name]: 0 }),
  inData(`${name} in data, null`, ALL, 'personal_data', { [name]: null }),
]);

const BAD_HASHES: readonly unknown[] = [
  undefined,
  null,
  7,
  true,
  [TASK_ID],
  {},
  '',
  'ab'.repeat(7),
  'a'.repeat(15),
  'a'.repeat(17),
  'a'.repeat(63),
  'a'.repeat(65),
  'ab'.repeat(33),
  `0x${'ab'.repeat(16)}`,
  `0X${'ab'.repeat(31)}`,
  'g'.repeat(16),
  `${'ab'.repeat(15)} a`,
  `${'ab'.repeat(16)}\n`,
  ` ${'ab'.repeat(8)} `,
  '\u0430\u0431'.repeat(8),
  // Two code units that one lower-cases to and one that is longer than it looks.
  '\u212a'.repeat(16),
  '\uff11'.repeat(16),
];
const HASHES: readonly Rubbish[] = [
  ...BAD_HASHES.flatMap((hash) => [
    inData(`task id ${JSON.stringify(hash) ?? 'absent'}`, [RECEIVED, COMPLETED], 'bad_id_hash', { taskIdHash: hash }),
    inData(`invoice id ${JSON.stringify(hash) ?? 'absent'}`, [INVOICE], 'bad_id_hash', { invoiceIdHash: hash }),
  ]),
  ...BAD_HASHES.filter((hash) => hash !== undefined && hash !== null).map((hash) =>
    inData(`an invoice's task id ${JSON.stringify(hash)}`, [INVOICE], 'bad_id_hash', { taskIdHash: hash }),
  ),
  ...[undefined, null].map((data) => ({
    kind: `data ${String(data)} where an id is needed`,
    subjects: [RECEIVED, COMPLETED, INVOICE],
    reason: 'bad_id_hash',
    message: (subject: number) => messageOf(subject, {}, { data }),
  })),
  {
    kind: 'an id at top level only',
    subjects: [RECEIVED, COMPLETED, INVOICE],
    reason: 'bad_id_hash',
    message: (subject) => messageOf(subject, {}, { data: {}, taskIdHash: TASK_ID, invoiceIdHash: INVOICE_ID }),
  },
  {
    kind: 'an id in the prototype',
    subjects: [RECEIVED, COMPLETED, INVOICE],
    reason: 'bad_id_hash',
    message: (subject) =>
      JSON.stringify(messageOf(subject, {}, { data: {} })).replace(
        '{}',
        `{"__proto__":{"taskIdHash":"${TASK_ID}","invoiceIdHash":"${INVOICE_ID}"}}`,
      ),
  },
];

const NOT_STRINGS: readonly unknown[] = [0, 1.5, -1, true, false, [], ['1'], {}, { label: '1' }];
const NOT_FLAGS: readonly unknown[] = [2, -1, 0.5, 'true', 'false', '1', '0', '', [], [true], {}];
const STRING_MEMBERS: readonly (readonly [string, readonly number[]])[] = [
  ['taskType', [RECEIVED]],
  ['operation', [INVOICE]],
  ['status', [COMPLETED, HEARTBEAT]],
  ['executionTimeBucket', [COMPLETED]],
  ['gasUsedBucket', [COMPLETED]],
  ['stepsComputedBucket', [INVOICE]],
  ['memoryUsedBucket', [INVOICE]],
  ['activeTasksBucket', [HEARTBEAT]],
  ['totalTasksBucket', [HEARTBEAT]],
  ['continentBucket', [HEARTBEAT]],
  ['locationBucket', [HEARTBEAT]],
];
const TYPES: readonly Rubbish[] = [
  ...STRING_MEMBERS.flatMap(([name, subjects]) =>
    NOT_STRINGS.map((value) => inData(`${name} ${JSON.stringify(value)}`, subjects, 'bad_value', { [name]: value })),
  ),
  ...[1.5, true, [], {}].map((chainId) =>
    inData(`chainId ${JSON.stringify(chainId)}`, [RECEIVED, COMPLETED, INVOICE], 'bad_value', { chainId }),
  ),
  {
    kind: 'chainId too large for a number',
    subjects: [RECEIVED, COMPLETED, INVOICE],
    reason: 'bad_value',
    message: (subject) => text(subject).replace('"chainId":"1"', '"chainId":1e999'),
  },
  ...['success', 'cached'].flatMap((name) =>
    NOT_FLAGS.map((value) => inData(`${name} ${JSON.stringify(value)}`, [COMPLETED], 'bad_value', { [name]: value })),
  ),
  ...['status', 'activeTasksBucket', 'totalTasksBucket'].map(
    (name): Rubbish => ({
      kind: `${name} as a number at top level`,
      subjects: [HEARTBEAT],
      reason: 'bad_value',
      message: (subject) => messageOf(subject, { [name]: undefined }, { [name]: 1 }),
    }),
  ),
];

const PERSONAL_VALUES: readonly Rubbish[] = [
  ...[ADDRESS, ADDRESS.toLowerCase(), `node-${ADDRESS}`, `${ADDRESS}_1`, `${ADDRESS}-${ADDRESS.slice(0, 20)}`].map((nodeId) =>
    top(`node id ${nodeId}`, 'personal_data', { nodeId }),
  ),
  ...[ADDRESS, `to ${ADDRESS}`, '10.0.0.1', 'at 192.168.1.77:8080', '2001:db8::1', 'fe80::1', '::ffff:10.0.0.1'].flatMap(
    (value) => [
      inData(`chainId ${value}`, [RECEIVED, COMPLETED, INVOICE], 'personal_data', { chainId: value }),
      inData(`taskType ${value}`, [RECEIVED], 'personal_data', { taskType: value }),
      inData(`operation ${value}`, [INVOICE], 'personal_data', { operation: value }),
    ],
  ),
];

const RUBBISH = [...NO_JSON, ...ENVELOPE, ...MEMBER_NAMES, ...HASHES, ...TYPES, ...PERSONAL_VALUES];

describe('decode', () => {
  it.each(RUBBISH)('decode - $kind is $reason', ({ subjects, reason, message }) => {
    for (const subject of subjects) {
      const decoder = new Decoder();
      const bytes = message(subject);
      const payload = bytes instanceof Uint8Array ? bytes : bytesOf(bytes);
      expect(decoder.decode(subject, payload), `subject ${subject}`).toBe(reason);
      expect(unknownLabelsOf(decoder)).toEqual({});
      // Whatever it was, the next message is read as if nothing had been.
      expect(decoder.decode(subject, bytesOf(messageOf(subject)))).toStrictEqual(decode(subject, messageOf(subject)));
    }
  });

  it.each(ALL)('decode - a message of 16 KiB on subject %i is not too large', (subject) => {
    expect(MESSAGE_BYTES_MAX).toBe(16_384);
    expect(decode(subject, padded(subject, 16_384))).toStrictEqual(decode(subject, messageOf(subject)));
    // Bytes count, not characters.
    expect(decode(subject, messageOf(subject, {}, { timestamp: '\u20ac'.repeat(5_500) }))).toBe('too_large');
  });
});

describe('decode order', () => {
  /** Faults in the order of section 2, each with the reason it gives and how it spoils a message. */
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

  it.each([RECEIVED, COMPLETED, INVOICE, HEARTBEAT])('decode order - subject %i, faults mended one by one', (subject) => {
    const reasons: unknown[] = [];
    const wanted: string[] = [];
    FAULTS.forEach(([, reason], first) => {
      if (subject === HEARTBEAT && reason === 'bad_id_hash') return;
      // From the last fault to the first, so that an earlier one replaces what a later one spoiled.
      const left = FAULTS.slice(first).reverse();
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
  });

  it.each(ALL)('decode order - subject %i, data that is no object comes before member names', (subject) => {
    expect(decode(subject, messageOf(subject, {}, { data: [], wallet: 'x' }))).toBe('bad_value');
    expect(decode(subject, messageOf(subject, {}, { data: [], nodeId: 'abc' }))).toBe('bad_node_id');
  });

  it.each([
    ['chainId', RECEIVED, { chainId: ADDRESS, taskType: 7 }],
    ['chainId', COMPLETED, { chainId: ADDRESS, cached: 2 }],
    ['operation', INVOICE, { operation: ADDRESS, memoryUsedBucket: 7 }],
  ] as const)('decode order - a wrong type comes before an address in %s', (_name, subject, data) => {
    expect(decode(subject, messageOf(subject, data))).toBe('bad_value');
  });

  it("decode order - an invoice's task id comes before a wrong type", () => {
    expect(decode(INVOICE, messageOf(INVOICE, { taskIdHash: 7, operation: 7 }))).toBe('bad_id_hash');
  });
});

describe('decode tolerance', () => {
  const JUNK = [null, 0, -1.5, true, '', 'x'.repeat(1000), ADDRESS, '10.0.0.1', 'me@example.com', [], [[{}]], { a: 1 }];
  const NEVER_READ: Readonly<Record<number, readonly string[]>> = {
    [RECEIVED]: ['blockNumber', 'blockHash', 'taskHash', 'status', 'success', 'cached', 'operation', 'locationBucket'],
    [COMPLETED]: ['blockNumber', 'blockHash', 'taskHash', 'taskType', 'operation', 'locationBucket', 'totalTasksBucket'],
    [INVOICE]: ['blockNumber', 'taskType', 'status', 'success', 'cached', 'executionTimeBucket', 'gasUsedBucket'],
    [HEARTBEAT]: ['activeTasks', 'totalTasks', 'totalInvoices', 'chainId', 'taskIdHash', 'invoiceIdHash', 'success'],
    [JOINED]: ['status', 'activeTasks', 'chainId', 'taskIdHash', 'invoiceIdHash', 'continentBucket', 'locationBucket'],
    [LEFT]: ['status', 'activeTasks', 'chainId', 'taskIdHash', 'invoiceIdHash', 'continentBucket', 'locationBucket'],
  };

  it.each(ALL)('decode tolerance - subject %i, members that are not kept may hold anything', (subject) => {
    const untouched = decode(subject, messageOf(subject));
    expect(untouched).toBeTypeOf('object');
    for (const name of NEVER_READ[subject] ?? []) {
      for (const junk of JUNK) {
        expect(decode(subject, messageOf(subject, { [name]: junk })), `${name} in data`).toStrictEqual(untouched);
      }
    }
    for (const name of ['timestamp', 'blockNumber', 'blockHash', 'chainId', 'taskIdHash', 'locationBucket', 'id']) {
      for (const junk of JUNK) {
        expect(decode(subject, messageOf(subject, {}, { [name]: junk })), `${name} beside`).toStrictEqual(untouched);
      }
    }
  });

  it.each(ALL)('decode tolerance - subject %i, 7,000 arrays deep in a member that is not read', (subject) => {
    const deep = `${'['.repeat(7000)}${']'.repeat(7000)}`;
    const message = text(subject).replace('"data":{', `"trace":${deep},"data":{`);
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
  });

  it.each(ALL)('decode tolerance - subject %i, forbidden names elsewhere are not looked for', (subject) => {
    const untouched = decode(subject, messageOf(subject));
    for (const name of FORBIDDEN) {
      const deeper = { nested: { [name]: 'x' }, [name.toUpperCase()]: 'x', [`${name}s`]: 'x' };
      expect(decode(subject, messageOf(subject, deeper, { meta: deeper }))).toStrictEqual(untouched);
    }
  });

  it.each(ALL)('decode tolerance - subject %i, __proto__ and constructor are members like others', (subject) => {
    const message = text(subject)
      .replace('{', '{"__proto__":{"wallet":"x","data":7},"constructor":null,')
      .replace('"data":{', '"data":{"__proto__":{"wallet":"x","success":"?","chainId":{}},"hasOwnProperty":1,');
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect({}).not.toHaveProperty('wallet');
  });

  it.each(ALL)('decode tolerance - subject %i, of members that stand twice the last counts', (subject) => {
    const message = text(subject)
      .replace('{', '{"version":2,"nodeId":7,"data":{"wallet":1},')
      .replace('"1.0"', '"2.0","version":"1.0"');
    expect(decode(subject, message)).toStrictEqual(decode(subject, messageOf(subject)));
  });

  it.each([
    [`0x${'ab'.repeat(19)}a`, '39 digits'],
    [`0x${'ab'.repeat(20)}a`, '41 digits'],
    [`${'ab'.repeat(20)}`, 'no 0x'],
  ])('decode tolerance - %s (%s) is no Ethereum address', (value) => {
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
    expect(decoder.decode(RECEIVED, bytesOf(messageOf(RECEIVED, data)))).toMatchObject({ chainId: null, taskType: null });
    expect(unknownLabelsOf(decoder)).toEqual({ chainId: 1, taskType: 1 });
  });

  it('decode tolerance - addresses in buckets, places and statuses are no labels and count as absent', () => {
    const address = '10.0.0.1';
    expect(decode(HEARTBEAT, messageOf(HEARTBEAT, { continentBucket: address, locationBucket: address }))).toMatchObject({
      continent: 7,
      location: null,
    });
    expect(decode(COMPLETED, messageOf(COMPLETED, { status: ADDRESS, executionTimeBucket: ADDRESS }))).toBeTypeOf('object');
  });
});
