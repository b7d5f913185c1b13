import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/federation/domain/decode.ts';
import { decodeOutcome } from '../../../src/federation/domain/outcome.ts';
import { REJECT_REASONS, SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import {
  bytesOf,
  CLOSED,
  COMPLETED,
  decode,
  EXECUTION_TIME_LABELS,
  GAS_LABELS,
  GOLDEN,
  type Members,
  messageOf,
  subjectIndex,
  unknownLabelsOf,
} from './messages.ts';

/** The same object with its members in the opposite order, at every depth. */
function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

describe('golden', () => {
  it.each(GOLDEN)('golden - $message.type: $name', ({ subject, message, signal, unknownLabels }) => {
    const decoder = new Decoder();
    expect(decoder.decode(subjectIndex(subject), bytesOf(message))).toStrictEqual(signal);
    expect(unknownLabelsOf(decoder)).toEqual(unknownLabels);
  });

  it('golden - white space and the order of members change nothing', () => {
    for (const { name, subject, message, signal } of GOLDEN) {
      const index = subjectIndex(subject);
      expect(decode(index, bytesOf(`\r\n\t ${JSON.stringify(message, null, 2)} \n`)), name).toStrictEqual(
        signal,
      );
      expect(decode(index, reversed(message)), name).toStrictEqual(signal);
    }
  });

  it('golden - one decoder gives each message the same signal, whatever it read before', () => {
    const decoder = new Decoder();
    for (const { name, subject, message, signal } of [...GOLDEN, ...GOLDEN]) {
      expect(decoder.decode(subjectIndex(subject), bytesOf(message)), name).toStrictEqual(signal);
    }
  });

  it('golden - the golden messages cover all six subjects', () => {
    expect(new Set(GOLDEN.map(({ subject }) => subject))).toEqual(new Set(SUBJECTS));
  });

  it('golden - every message on another subject than its own is a type mismatch', () => {
    for (const { subject, message } of GOLDEN) {
      for (const other of SUBJECTS.filter((name) => name !== subject)) {
        expect(decode(subjectIndex(other), message)).toBe('type_mismatch');
      }
    }
  });
});

describe('vocabulary', () => {
  it.each(Object.entries(CLOSED))(
    'vocabulary - %s is read in publication order',
    (name, { subject, signal, labels }) => {
      const read = (label: string) =>
        (decode(subject, messageOf(subject, { [name]: label })) as unknown as Members)[signal];
      expect(labels.map(read)).toEqual(labels.map((_label, index) => index));
      expect(read('unknown')).toBe(labels.length);
    },
  );

  it('vocabulary - execution times and gas are read in publication order', () => {
    const read = (data: Members) => {
      const signal = decode(COMPLETED, messageOf(COMPLETED, data));
      if (typeof signal === 'string' || signal.type !== 'task_completed')
        throw new Error(`refused: ${String(signal)}`);
      return decodeOutcome(signal.outcome);
    };
    expect(EXECUTION_TIME_LABELS.map((label) => read({ executionTimeBucket: label }).time)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    expect(GAS_LABELS.map((label) => read({ gasUsedBucket: label }).gas)).toEqual([0, 1, 2, 3, 4]);
  });

  it('vocabulary - the subjects and the reasons are those of docs/federation.md, in its order', () => {
    expect(SUBJECTS).toEqual([
      'truebit.tasks.received',
      'truebit.tasks.completed',
      'truebit.invoices.created',
      'truebit.heartbeat',
      'truebit.nodes.joined',
      'truebit.nodes.left',
    ]);
    expect(REJECT_REASONS).toEqual([
      'too_large',
      'not_json',
      'not_object',
      'bad_version',
      'type_mismatch',
      'bad_node_id',
      'bad_value',
      'personal_data',
      'bad_id_hash',
      'unauthenticated',
      'wrong_node',
    ]);
  });
});
