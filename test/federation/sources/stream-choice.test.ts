import { describe, expect, it } from 'vitest';
import { SUBJECTS } from '../../../src/federation/domain/vocabulary.ts';
import { chooseStream, matches, OUR_STREAM } from '../../../src/federation/sources/stream-choice.ts';

const stream = (name: string, ...subjects: string[]) => ({ name, subjects });

describe('subject matching', () => {
  it.each([
    ['truebit.heartbeat', 'truebit.heartbeat', true],
    ['truebit.heartbeat', 'truebit.heartbeats', false],
    ['truebit.heartbeat', 'truebit', false],
    ['truebit.heartbeat', 'truebit.heartbeat.x', false],
    ['truebit', 'truebit.heartbeat', false],
    ['Truebit.heartbeat', 'truebit.heartbeat', false],
    ['*', 'truebit', true],
    ['*', 'truebit.heartbeat', false],
    ['*.*', 'truebit.heartbeat', true],
    ['truebit.*', 'truebit.heartbeat', true],
    ['truebit.*', 'truebit', false],
    ['truebit.*', 'truebit.tasks.received', false],
    ['truebit.*.received', 'truebit.tasks.received', true],
    ['truebit.*.received', 'truebit.tasks.completed', false],
    ['*.tasks.*', 'truebit.tasks.received', true],
    ['truebit.task*', 'truebit.tasks', false],
    ['>', 'truebit', true],
    ['>', 'truebit.tasks.received', true],
    ['truebit.>', 'truebit.heartbeat', true],
    ['truebit.>', 'truebit.tasks.received', true],
    ['truebit.>', 'truebit', false],
    ['truebit.tasks.>', 'truebit.heartbeat', false],
    ['*.>', 'truebit.heartbeat', true],
    ['*.>', 'truebit', false],
    ['truebit.tasks.received.>', 'truebit.tasks.received', false],
  ])('subject matching - %s and %s: %s', (pattern, subject, expected) => {
    expect(matches(pattern, subject)).toBe(expected);
  });
});

describe('stream choice', () => {
  it.each([
    ['the broker has no stream', []],
    [
      'streams of others that do not touch the inputs',
      [stream('ORDERS', 'orders.>'), stream('STATS', 'truebit.stats.>')],
    ],
    ['a stream with no subject', [stream('EMPTY')]],
  ])('stream choice - the program makes its own stream: %s', (_what, streams) => {
    expect(chooseStream(streams, SUBJECTS)).toEqual({ type: 'ours', exists: false });
  });

  it.each([
    ['it is there', [stream(OUR_STREAM, ...SUBJECTS)]],
    ['it is there with other subjects', [stream(OUR_STREAM, 'truebit.heartbeat')]],
    [
      'others are there too',
      [stream('ORDERS', 'orders.>'), stream('ALL', 'truebit.>'), stream(OUR_STREAM, 'x')],
    ],
  ])('stream choice - the program keeps its own stream: %s', (_what, streams) => {
    expect(OUR_STREAM).toBe('TRUEBIT_INGEST');
    expect(chooseStream(streams, SUBJECTS)).toEqual({ type: 'ours', exists: true });
  });

  it.each([
    ['by name', [stream('THEIRS', ...SUBJECTS)]],
    ['and more', [stream('THEIRS', ...SUBJECTS, 'truebit.stats.>')]],
    ['by one wildcard', [stream('THEIRS', 'truebit.>')]],
    ['by several', [stream('THEIRS', 'truebit.*', 'truebit.*.*')]],
    ['by everything', [stream('ORDERS', 'orders.>'), stream('THEIRS', '>')]],
    ['while another covers some', [stream('SOME', 'truebit.tasks.>'), stream('THEIRS', 'truebit.>')]],
  ])('stream choice - another stream that covers all six inputs is used: %s', (_what, streams) => {
    expect(chooseStream(streams, SUBJECTS)).toEqual({ type: 'theirs', name: 'THEIRS' });
  });

  it.each([
    ['one input', [stream('SOME', 'truebit.heartbeat')], ['SOME (1 of 6)']],
    ['five inputs', [stream('SOME', ...SUBJECTS.slice(1))], ['SOME (5 of 6)']],
    ['by a wildcard', [stream('SOME', 'truebit.*.*')], ['SOME (5 of 6)']],
    [
      'two streams that cover all six together',
      [
        stream('TASKS', 'truebit.tasks.>', 'truebit.invoices.>'),
        stream('NODES', 'truebit.heartbeat', 'truebit.nodes.*'),
      ],
      ['TASKS (3 of 6)', 'NODES (3 of 6)'],
    ],
  ])(
    'stream choice - a stream that takes some of the inputs leaves none to read: %s',
    (_what, streams, names) => {
      const choice = chooseStream(streams, SUBJECTS);
      expect(choice.type).toBe('none');
      for (const name of names) expect(choice.type === 'none' ? choice.reason : '').toContain(name);
    },
  );

  it('stream choice - on the embedded broker the stream covers the mapped inputs', () => {
    const mapped = SUBJECTS.map((input) => input.replace('truebit.', 'ingest.'));
    expect(chooseStream([stream('THEIRS', 'truebit.>')], mapped)).toEqual({ type: 'ours', exists: false });
    expect(chooseStream([stream('THEIRS', 'ingest.>')], mapped)).toEqual({ type: 'theirs', name: 'THEIRS' });
  });

  // A real broker lists a mirror without `subjects`, whatever the client's types say.
  it('stream choice - a mirror, which has no subjects, is not chosen', () => {
    const mirror = JSON.parse('{"name":"COPY"}') as { name: string; subjects: string[] };
    expect(chooseStream([mirror, stream('ORDERS', 'orders.>')], SUBJECTS)).toEqual({
      type: 'ours',
      exists: false,
    });
  });
});
