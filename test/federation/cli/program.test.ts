import { describe, expect, it } from 'vitest';
import { FEDERATION } from '../../../src/federation/cli/program.ts';

const STREAM = { stream: 'TRUEBIT_INGEST', seq: 0, atMs: 0 };

describe('the federation for the commands of every program', () => {
  it.each([
    [null, 'no stream read yet'],
    [STREAM, 'no message read yet'],
    [
      { ...STREAM, seq: 7, atMs: 1_000 },
      'read up to sequence 7 of TRUEBIT_INGEST (1970-01-01T00:00:01.000Z)',
    ],
  ])('a summary that has read %j', (readUpTo, words) => {
    expect(FEDERATION.describe({ tasks: 2, invoices: 1, readUpTo })).toBe(`2 tasks, 1 invoices, ${words}`);
  });
});
