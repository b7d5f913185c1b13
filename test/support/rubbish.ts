// About fifty kinds of rubbish for each of the six subjects, each with the one reason under which it must be counted.

export interface Rubbish {
  readonly kind: string;
  readonly payload: Uint8Array;
  readonly reason: string;
}

type Members = Record<string, unknown>;

/** A valid message of each type; `number` makes ids differ. */
export const VALID: readonly { subject: string; message(number: number): Members }[] = [
  {
    subject: 'truebit.tasks.received',
    message: (number) =>
      envelope('task_received', number, { chainId: '1', taskType: 'wasm', taskIdHash: hash(number) }),
  },
  {
    subject: 'truebit.tasks.completed',
    message: (number) =>
      envelope('task_completed', number, {
        chainId: 1,
        taskIdHash: hash(number),
        status: 'completed',
        success: true,
        executionTimeBucket: '<100ms',
        gasUsedBucket: '<100K',
        cached: 0,
      }),
  },
  {
    subject: 'truebit.invoices.created',
    message: (number) =>
      envelope('invoice_created', number, {
        invoiceIdHash: hash(number),
        taskIdHash: null,
        chainId: '1',
        stepsComputedBucket: '<100K',
        memoryUsedBucket: '<64MB',
        operation: 'compute',
      }),
  },
  { subject: 'truebit.heartbeat', message: (number) => envelope('heartbeat', number, { status: 'online' }) },
  { subject: 'truebit.nodes.joined', message: (number) => envelope('node_joined', number, {}) },
  {
    subject: 'truebit.nodes.left',
    message: (number) => envelope('node_left', number, { status: 'offline' }),
  },
];

function envelope(type: string, number: number, data: Members): Members {
  return { version: '1.0', type, nodeId: `node-${number % 7}`, timestamp: '2026-01-15T10:30:00.000Z', data };
}

function hash(number: number): string {
  return number.toString(16).padStart(64, '0');
}

const ADDRESS = `0x${'ab'.repeat(20)}`;
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

/** The faults for every subject: a change to a valid message, or bytes that are not a message. */
export function rubbishFor(subject: number): readonly Rubbish[] {
  const valid = VALID[subject]?.message(1) ?? {};
  const data = valid['data'] as Members;
  const bytes = (kind: string, payload: Uint8Array | string, reason: string): Rubbish => ({
    kind,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    reason,
  });
  const changed = (kind: string, change: Members, reason: string) =>
    bytes(kind, JSON.stringify({ ...valid, ...change }), reason);
  const spoiled = (kind: string, change: Members, reason: string) =>
    bytes(kind, JSON.stringify({ ...valid, data: { ...data, ...change } }), reason);
  const text = JSON.stringify(valid);

  const everywhere = [
    bytes('nothing', '', 'not_json'),
    bytes('blank', '   ', 'not_json'),
    bytes('prose', 'hello', 'not_json'),
    bytes('half a message', text.slice(0, -9), 'not_json'),
    bytes('two messages', `${text}${text}`, 'not_json'),
    bytes('a byte order mark', `\uFEFF${text}`, 'not_json'),
    bytes('a NUL', Buffer.from([0]), 'not_json'),
    bytes('gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), 'not_json'),
    bytes('latin-1', Buffer.from(text.replace('1.0', '1.é'), 'latin1'), 'not_json'),
    bytes('UTF-16', Buffer.from(text, 'utf16le'), 'not_json'),
    bytes('deep nesting, not closed', '['.repeat(16_384), 'not_json'),
    bytes('deep nesting', `${'['.repeat(8000)}${']'.repeat(8000)}`, 'not_object'),
    bytes('a number', '42', 'not_object'),
    bytes('a string', '"message"', 'not_object'),
    bytes('null', 'null', 'not_object'),
    bytes('an array of messages', `[${text}]`, 'not_object'),
    bytes('one byte too many', `${text}${' '.repeat(16_385 - text.length)}`, 'too_large'),
    bytes('much too large', 'x'.repeat(900_000), 'too_large'),
    bytes('an empty object', '{}', 'bad_version'),
    changed('version 2', { version: '2.0' }, 'bad_version'),
    changed('version as a number', { version: 1 }, 'bad_version'),
    changed('version of letters', { version: '1.x' }, 'bad_version'),
    changed('no type', { type: undefined }, 'type_mismatch'),
    changed(
      'type of another subject',
      { type: VALID[(subject + 1) % 6]?.message(1)['type'] },
      'type_mismatch',
    ),
    changed('type as an object', { type: {} }, 'type_mismatch'),
    changed('no node id', { nodeId: undefined }, 'bad_node_id'),
    changed('short node id', { nodeId: 'abc' }, 'bad_node_id'),
    changed('long node id', { nodeId: 'n'.repeat(65) }, 'bad_node_id'),
    changed('node id with a line break', { nodeId: 'node-1\nlevel=error' }, 'bad_node_id'),
    changed('node id with markup', { nodeId: '<img src=x>' }, 'bad_node_id'),
    changed('node id as a number', { nodeId: 12345 }, 'bad_node_id'),
    changed('node id that is an address', { nodeId: ADDRESS }, 'personal_data'),
    changed('node id that holds an address', { nodeId: `node-${ADDRESS}` }, 'personal_data'),
    changed('data as a string', { data: 'none' }, 'bad_value'),
    changed('data as an array', { data: [data] }, 'bad_value'),
    changed('data as a number', { data: 7 }, 'bad_value'),
    ...FORBIDDEN.map((name) => changed(`${name} beside data`, { [name]: 'x' }, 'personal_data')),
    ...FORBIDDEN.map((name) => spoiled(`${name} in data`, { [name]: null }, 'personal_data')),
  ];
  const idName = ['taskIdHash', 'taskIdHash', 'invoiceIdHash'][subject];
  const ids =
    idName === undefined
      ? []
      : [
          undefined,
          null,
          7,
          '',
          'ab',
          'abc'.repeat(7),
          'zz'.repeat(16),
          `0x${'ab'.repeat(16)}`,
          'ab'.repeat(33),
        ].map((id) => spoiled(`${idName} ${String(id)}`, { [idName]: id }, 'bad_id_hash'));
  const labels = [['chainId', 'taskType'], ['chainId'], ['chainId', 'operation'], [], [], []][subject] ?? [];
  const personal = labels.flatMap((name) =>
    [ADDRESS, '10.0.0.1', 'at 192.168.1.77:8080', '2001:db8::1', 'fe80::1'].map((value) =>
      spoiled(`${name} ${value}`, { [name]: value }, 'personal_data'),
    ),
  );
  const typed = [
    ['chainId', 'taskType'],
    ['chainId', 'status', 'success', 'cached', 'executionTimeBucket', 'gasUsedBucket'],
    ['chainId', 'operation', 'stepsComputedBucket', 'memoryUsedBucket'],
    ['status', 'activeTasksBucket', 'totalTasksBucket', 'continentBucket', 'locationBucket'],
    [],
    [],
  ][subject];
  const wrongTypes = (typed ?? []).flatMap((name) => [
    spoiled(`${name} as an object`, { [name]: {} }, 'bad_value'),
    spoiled(`${name} as a fraction`, { [name]: 1.5 }, 'bad_value'),
  ]);
  return [...everywhere, ...ids, ...personal, ...wrongTypes];
}
