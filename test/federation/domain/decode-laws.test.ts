import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { REJECT_REASONS } from '../../../src/federation/domain/vocabulary.ts';
import {
  ALL,
  bytesOf,
  COMPLETED,
  decode,
  EXECUTION_TIME_LABELS,
  faultsOf,
  GAS_LABELS,
  GOLDEN,
  HEARTBEAT,
  INVOICE,
  type Members,
  messageOf,
  RECEIVED,
  subjectIndex,
  unknownLabelsOf,
} from './messages.ts';

/** The reasons that the decoder can give; the other two reasons need a key. */
const REASONS = new Set<unknown>(
  REJECT_REASONS.filter((reason) => reason !== 'unauthenticated' && reason !== 'wrong_node'),
);

function expectLawful(subject: number, payload: Uint8Array): void {
  const decoder = new Decoder();
  const decoded = decoder.decode(subject, payload);
  if (typeof decoded === 'string') {
    expect(REASONS).toContain(decoded);
    expect(unknownLabelsOf(decoder)).toEqual({});
  } else {
    expect(faultsOf(subject, decoded)).toEqual([]);
  }
}

const subject = fc.constantFrom(...ALL);
const golden = fc.constantFrom(...GOLDEN);
const MEMBER_NAMES = [
  ...new Set(
    GOLDEN.flatMap(({ message }) => [
      ...Object.keys(message),
      ...Object.keys((message['data'] ?? {}) as Members),
    ]),
  ),
  'wallet',
  '__proto__',
];
const interesting = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'unknown',
    'offline',
    '1',
    'ab'.repeat(8),
    `0x${'ab'.repeat(20)}`,
    '10.0.0.1',
    '::1',
  ),
  fc.constantFrom<unknown>(null, 0, 1, -0, 1e21, true, '48.0,11.5', '-0.1,-0.1', '\ud800', 'x'.repeat(64)),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.jsonValue(),
);
const mutation = fc.record({
  isInData: fc.boolean(),
  name: fc.constantFrom(...MEMBER_NAMES),
  value: fc.option(interesting, { nil: undefined }),
});

/** `message` with members set, or left out where the value is undefined; own members only, `__proto__` included. */
function mutated(
  message: Members,
  mutations: readonly { isInData: boolean; name: string; value: unknown }[],
): Members {
  const top = new Map(Object.entries(message));
  const data = new Map(Object.entries((message['data'] ?? {}) as Members));
  for (const { isInData, name, value } of mutations) (isInData ? data : top).set(name, value);
  if (!mutations.some(({ isInData, name }) => !isInData && name === 'data'))
    top.set('data', Object.fromEntries(data));
  return Object.fromEntries(top);
}

describe('decode laws', () => {
  it('decode laws - arbitrary bytes give a valid signal or a reason', () => {
    fc.assert(
      fc.property(subject, fc.uint8Array({ maxLength: 300 }), (index, bytes) => expectLawful(index, bytes)),
      { numRuns: 3000 },
    );
  });

  it('decode laws - arbitrary JSON gives a valid signal or a reason', () => {
    fc.assert(
      fc.property(subject, fc.jsonValue(), (index, value) => expectLawful(index, bytesOf(value))),
      { numRuns: 2000 },
    );
  });

  it('decode laws - golden messages with members changed give a valid signal or a reason', () => {
    fc.assert(
      fc.property(
        golden,
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        ({ subject, message }, mutations) => {
          expectLawful(subjectIndex(subject), bytesOf(mutated(message, mutations)));
        },
      ),
      { numRuns: 6000 },
    );
  });

  it('decode laws - golden messages with bytes changed give a valid signal or a reason', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(3),
      put: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(golden, fc.array(edit, { minLength: 1, maxLength: 3 }), ({ subject, message }, edits) => {
        let bytes = Buffer.from(bytesOf(message));
        for (const { at, cut, put } of edits) {
          const from = Math.floor(at * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + cut)]);
        }
        expectLawful(subjectIndex(subject), bytes);
      }),
      { numRuns: 4000 },
    );
  });

  it('decode laws - members that the decoder does not know change nothing', () => {
    const unknownMembers = fc.dictionary(
      fc.string({ unit: 'binary', maxLength: 12 }).map((name) => `x-${name}`),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(golden, unknownMembers, unknownMembers, ({ subject, message, signal }, above, inside) => {
        const data =
          message['data'] == null ? message['data'] : { ...(message['data'] as Members), ...inside };
        expect(decode(subjectIndex(subject), { ...message, ...above, data })).toStrictEqual(signal);
      }),
      { numRuns: 1000 },
    );
  });

  it('decode laws - a message with several faults is refused for the fault that is checked first', () => {
    const address = `0x${'ab'.repeat(20)}`;
    // In the order of docs/federation.md#refused-messages; `subjects` that have such a member.
    const faults: readonly {
      reason: string;
      subjects: readonly number[];
      spoil(message: Members, data: Members): void;
    }[] = [
      { reason: 'bad_version', subjects: ALL, spoil: (message) => void (message['version'] = 1) },
      { reason: 'type_mismatch', subjects: ALL, spoil: (message) => void (message['type'] = 'x') },
      { reason: 'bad_node_id', subjects: ALL, spoil: (message) => void (message['nodeId'] = 'abc') },
      { reason: 'bad_value', subjects: ALL, spoil: (message) => void (message['data'] = 'x') },
      { reason: 'personal_data', subjects: ALL, spoil: (message) => void (message['privateKey'] = null) },
      { reason: 'personal_data', subjects: ALL, spoil: (_message, data) => void (data['error_data'] = null) },
      {
        reason: 'bad_id_hash',
        subjects: [RECEIVED, COMPLETED],
        spoil: (_message, data) => void (data['taskIdHash'] = 1),
      },
      {
        reason: 'bad_id_hash',
        subjects: [INVOICE],
        spoil: (_message, data) => void (data['invoiceIdHash'] = 'x'),
      },
      {
        reason: 'bad_id_hash',
        subjects: [INVOICE],
        spoil: (_message, data) => void (data['taskIdHash'] = 'x'),
      },
      { reason: 'bad_value', subjects: [RECEIVED], spoil: (_message, data) => void (data['taskType'] = 1) },
      { reason: 'bad_value', subjects: [COMPLETED], spoil: (_message, data) => void (data['cached'] = 2) },
      {
        reason: 'bad_value',
        subjects: [INVOICE],
        spoil: (_message, data) => void (data['memoryUsedBucket'] = 2),
      },
      {
        reason: 'bad_value',
        subjects: [HEARTBEAT],
        spoil: (_message, data) => void (data['locationBucket'] = 2),
      },
      {
        reason: 'personal_data',
        subjects: ALL,
        spoil: (message) => void (message['nodeId'] = message['nodeId'] === 'abc' ? 'abc' : address),
      },
      {
        reason: 'personal_data',
        subjects: [RECEIVED, COMPLETED, INVOICE],
        spoil: (_message, data) => void (data['chainId'] = '10.0.0.1'),
      },
    ];
    const chosen = subject.chain((index) => {
      const possible = faults
        .map((_fault, number) => number)
        .filter((number) => faults[number]?.subjects.includes(index));
      return fc.record({ index: fc.constant(index), numbers: fc.subarray(possible) });
    });
    fc.assert(
      fc.property(chosen, ({ index, numbers }) => {
        const message = messageOf(index);
        const data = message['data'] as Members;
        for (const number of numbers) faults[number]?.spoil(message, data);
        const first = numbers[0];
        const decoded = decode(index, message);
        if (first === undefined) expect(decoded).toBeTypeOf('object');
        else expect(decoded).toBe(faults[first]?.reason);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('unknown labels', () => {
  /** A value for a member, and the number of unknown labels in it. */
  const label = (known: readonly unknown[]) =>
    fc.oneof(
      fc.constantFrom<unknown>(...known, null, undefined, 'unknown').map((value) => ({ value, count: 0 })),
      fc
        .constantFrom<unknown>('', '#', 'a\tb', ' x', '<100MS', 'x'.repeat(65), '91,0')
        .map((value) => ({ value, count: 1 })),
    );
  const open = label(['1', 'wasm', 'eip155:1']);
  const gas = label(GAS_LABELS);
  const members: Readonly<Record<number, Readonly<Record<string, ReturnType<typeof label>>>>> = {
    [RECEIVED]: { chainId: label(['1', 137]), taskType: open },
    [COMPLETED]: {
      chainId: label(['1', 137]),
      executionTimeBucket: label(EXECUTION_TIME_LABELS),
      gasUsedBucket: gas,
    },
    [INVOICE]: {
      chainId: open,
      operation: open,
      stepsComputedBucket: gas,
      memoryUsedBucket: label(['<64MB']),
    },
    [HEARTBEAT]: {
      activeTasksBucket: label(['0', '>5']),
      totalTasksBucket: label(['0', '>1K']),
      continentBucket: label(['EU']),
      locationBucket: label(['48.0,11.5', '-0.0,0']),
    },
  };
  const report = fc.constantFrom(RECEIVED, COMPLETED, INVOICE, HEARTBEAT).chain((index) =>
    fc.record({
      index: fc.constant(index),
      labels: fc.record(members[index] ?? {}),
      isRefused: fc.boolean(),
    }),
  );

  it('unknown labels - an accepted message counts one per dimension, a refused message counts none', () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 20 }), (reports) => {
        const decoder = new Decoder();
        const wanted: Record<string, number> = {};
        for (const { index, labels, isRefused } of reports) {
          const data: Members = {};
          for (const [name, { value, count }] of Object.entries(labels)) {
            data[name] = value;
            if (count > 0 && !isRefused) wanted[name] = (wanted[name] ?? 0) + 1;
          }
          // The last check of all refuses this message.
          const top = isRefused ? { nodeId: `0x${'ab'.repeat(20)}` } : {};
          const decoded = decoder.decode(index, bytesOf(messageOf(index, data, top)));
          expect(typeof decoded === 'string').toBe(isRefused);
        }
        expect(unknownLabelsOf(decoder)).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  it('unknown labels - one decoder counts each of 10,000 different ones, and still reads known labels', () => {
    const decoder = new Decoder();
    for (let number = 0; number < 10_000; number++) {
      const data = { taskType: `#${number}`, chainId: `chain-${number}` };
      const decoded = decoder.decode(RECEIVED, bytesOf(messageOf(RECEIVED, data)));
      expect(decoded).toMatchObject({ taskType: null, chainId: data.chainId });
    }
    expect(decoder.decode(RECEIVED, bytesOf(messageOf(RECEIVED, { taskType: '#1' })))).toMatchObject({
      taskType: null,
    });
    expect(unknownLabelsOf(decoder)).toEqual({ taskType: 10_001 });
  });
});
