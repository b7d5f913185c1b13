import { describe, expect, it } from 'vitest';
import { Decoder, MESSAGE_BYTES_MAX } from '../../../src/federation/domain/decode.ts';
import {
  ADDRESS,
  ALL,
  bytesOf,
  COMPLETED,
  decode,
  FORBIDDEN,
  HEARTBEAT,
  INVOICE,
  INVOICE_ID,
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
  everywhere('a raw line break in a string', 'not_json', (subject) =>
    text(subject).replace('node-', 'node-\n'),
  ),
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
  ...[
    undefined,
    null,
    1,
    1.0,
    '',
    '2',
    '2.0',
    '0.9',
    '10.0',
    '11',
    '01.0',
    'v1.0',
    '1x',
    ' 1.0',
    '1.0\n',
    ['1.0'],
    {},
  ].map((version) => top(`version ${JSON.stringify(version) ?? 'absent'}`, 'bad_version', { version })),
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
  ...['{}', 7, 0, true, false, '', [], [{}]].map((data) =>
    top(`data ${JSON.stringify(data)}`, 'bad_value', { data }),
  ),
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
    inData(`task id ${JSON.stringify(hash) ?? 'absent'}`, [RECEIVED, COMPLETED], 'bad_id_hash', {
      taskIdHash: hash,
    }),
    inData(`invoice id ${JSON.stringify(hash) ?? 'absent'}`, [INVOICE], 'bad_id_hash', {
      invoiceIdHash: hash,
    }),
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
    message: (subject) =>
      messageOf(subject, {}, { data: {}, taskIdHash: TASK_ID, invoiceIdHash: INVOICE_ID }),
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
    NOT_STRINGS.map((value) =>
      inData(`${name} ${JSON.stringify(value)}`, subjects, 'bad_value', { [name]: value }),
    ),
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
    NOT_FLAGS.map((value) =>
      inData(`${name} ${JSON.stringify(value)}`, [COMPLETED], 'bad_value', { [name]: value }),
    ),
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
  ...[
    ADDRESS,
    ADDRESS.toLowerCase(),
    `node-${ADDRESS}`,
    `${ADDRESS}_1`,
    `${ADDRESS}-${ADDRESS.slice(0, 20)}`,
  ].map((nodeId) => top(`node id ${nodeId}`, 'personal_data', { nodeId })),
  ...[
    ADDRESS,
    `to ${ADDRESS}`,
    '10.0.0.1',
    'at 192.168.1.77:8080',
    '2001:db8::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ].flatMap((value) => [
    inData(`chainId ${value}`, [RECEIVED, COMPLETED, INVOICE], 'personal_data', { chainId: value }),
    inData(`taskType ${value}`, [RECEIVED], 'personal_data', { taskType: value }),
    inData(`operation ${value}`, [INVOICE], 'personal_data', { operation: value }),
  ]),
];

const RUBBISH = [...NO_JSON, ...ENVELOPE, ...MEMBER_NAMES, ...HASHES, ...TYPES, ...PERSONAL_VALUES];

describe('decode', () => {
  it.each(RUBBISH)('decode - $kind is refused as $reason', ({ subjects, reason, message }) => {
    for (const subject of subjects) {
      const decoder = new Decoder();
      const bytes = message(subject);
      const payload = bytes instanceof Uint8Array ? bytes : bytesOf(bytes);
      expect(decoder.decode(subject, payload), `subject ${subject}`).toBe(reason);
      expect(unknownLabelsOf(decoder)).toEqual({});
      // Whatever the refused message was, the decoder reads the next message correctly.
      expect(decoder.decode(subject, bytesOf(messageOf(subject)))).toStrictEqual(
        decode(subject, messageOf(subject)),
      );
    }
  });

  it.each(ALL)('decode - a message of 16 KiB on subject %i is not too large', (subject) => {
    expect(MESSAGE_BYTES_MAX).toBe(16_384);
    expect(decode(subject, padded(subject, 16_384))).toStrictEqual(decode(subject, messageOf(subject)));
    // Bytes count, not characters.
    expect(decode(subject, messageOf(subject, {}, { timestamp: '\u20ac'.repeat(5_500) }))).toBe('too_large');
  });
});
