import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAppliedPosition } from '../../../src/federation/store/applied-position.ts';
import { NOW_MS } from './events.ts';
import { Opened, testFolder } from './opened.ts';

const round = fc.record({
  stream: fc.constantFrom('TRUEBIT_INGEST_1', 'TRUEBIT_INGEST_2'),
  incarnation: fc.constantFrom('a', 'b'),
  /** Sequences after the last round of the source, and messages among them. */
  span: fc.nat(5),
  taken: fc.nat(5),
  isMissing: fc.constantFrom(false, false, false, true),
  isAway: fc.boolean(),
  behindMs: fc.nat(20_000),
});

it('applied position - what a worker reads of the database is what its writer reports of itself', () => {
  fc.assert(
    fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
      const folder = testFolder('applied');
      const opened = new Opened(folder.path('a.db'));
      expect(readAppliedPosition(opened.database)).toEqual({ progress: 0, sources: [] });
      opened.writer.attachLog({ name: 'TRUEBIT_LOG_0', created: 'c', firstSeq: 1, lastSeq: 0 });
      const ends = new Map<string, number>();
      let progress = 0;
      for (const [
        index,
        { stream, incarnation, span, taken, isMissing, isAway, behindMs },
      ] of rounds.entries()) {
        const source = { stream, incarnation };
        const from = (ends.get(stream + incarnation) ?? 0) + (isMissing ? 1 : 0);
        const to = from + span;
        const atMs = NOW_MS + index;
        const count = Math.min(span, taken);
        const header = { maker: 'm', source, first: 1, from, to, count, atMs, behindMs, isAway };
        const fate = opened.writer.rounds.begin(header, index + 1);
        const isTaken = fate === 'taken';
        const sequences = Array.from({ length: isTaken ? count : 0 }, (_, message) => from + 1 + message);
        for (const seq of sequences) opened.writer.position.take(seq, atMs);
        opened.writer.rounds.end(index + 1);
        if (isTaken) ends.set(stream + incarnation, to);
        opened.commit();
        const read = readAppliedPosition(opened.database);
        const reported = opened.writer.replica();
        expect(read).toEqual({ progress: reported?.progress, sources: reported?.sources });
        expect(read.progress).toBeGreaterThanOrEqual(progress);
        progress = read.progress;
      }
      opened.writer.close();
      folder.remove();
    }),
    { numRuns: 20 },
  );
});
