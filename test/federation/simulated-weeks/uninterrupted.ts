// The same delivered stream once more, without a fault: one writer, big batches, a clock that is always right. Rows,
// statistics and, with limits on, every single decision must equal those of the life with faults.

import { MESSAGE_BYTES_MAX } from '../../../src/federation/domain/decode.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Limits } from '../../../src/federation/domain/limits.ts';
import { Door, FUTURE_TOLERANCE_MS } from '../../../src/federation/ingest/door.ts';
import { Ledger } from '../../../src/federation/ingest/ledger.ts';
import { subjectIndex } from '../../../src/federation/sources/input-subjects.ts';
import { openReader, type ReadDatabase } from '../../../src/store/database.ts';
import { openFederationWriter } from '../../../src/federation/store/federation-database.ts';
import { FederationWriter } from '../../../src/federation/store/writer.ts';
import { StatisticsQuery } from '../../../src/federation/workers/statistics.ts';
import { PLACES_LOG2 } from './aggregator-process.ts';
import type { GroundTruth } from './ground-truth.ts';
import { expectSame, readRows, type Rows } from './invariants.ts';

const COMMIT_EVERY = 1000;
const indexOf = subjectIndex(false);

export function expectSameAsUninterrupted(
  { delivered, prunings }: Pick<GroundTruth, 'delivered' | 'prunings'>,
  { offlineAfterMs, ...limits }: Limits & { readonly offlineAfterMs: number },
  interrupted: ReadDatabase,
  path: string,
  nowMs: number,
): void {
  const writer = new FederationWriter(
    openFederationWriter(path),
    { limits, offlineAfterMs, generationSize: 100_000, transitionsPerNodeMax: 1000, placesLog2: PLACES_LOG2 },
    'simulated',
  );
  const door = new Door(
    {
      ledger: new Ledger(),
      authenticate: () => null,
      apply: (signal, moment) => writer.applyNext(signal, moment),
      take: () => true,
      count: () => undefined,
    },
    FUTURE_TOLERANCE_MS,
  );
  // That it reads a stream; on plain NATS eviction asks the observed clock too.
  if (delivered.some(({ message }) => message.seq !== null))
    writer.position.attach({ name: 'again', created: 'again', firstSeq: 1, lastSeq: 0 }, null);
  let pruned = 0;
  /** Steps of retention ride where they rode in the life with faults. */
  const pruneAfter = (messages: number) => {
    for (; (prunings[pruned]?.delivered ?? Infinity) <= messages; pruned++) {
      writer.pruneStep(prunings[pruned]?.cutoffMs ?? 0);
      writer.commit(nowMs, 0);
    }
  };
  delivered.forEach(({ message, outcome, observedMs }, index) => {
    pruneAfter(index);
    // It was not merged.
    if (outcome === 'quarantined') return;
    const { subject, payload, atMs } = message;
    const again = door.enter(
      {
        subject: indexOf(subject),
        payload: payload.subarray(0, MESSAGE_BYTES_MAX + 1),
        atMs,
        seq: message.seq,
        observedMs,
      },
      Infinity,
    );
    if (again !== outcome)
      throw new Error(
        `message ${index} was ${outcome} with faults and is ${again} without: ${JSON.stringify(message)}`,
      );
    if (index % COMMIT_EVERY === COMMIT_EVERY - 1) writer.commit(nowMs, 0);
  });
  pruneAfter(delivered.length);
  writer.commit(nowMs, 0);
  const reader = openReader(path);
  try {
    const [actual, expected] = [readRows(interrupted), readRows(reader)];
    expectSame('task, with faults,', actual.tasks, expected.tasks);
    expectSame('invoice, with faults,', actual.invoices, expected.invoices);
    expectSame('times, with faults,', actual.times, notAhead(expected.times, actual.times));
    const stateless = ({ nodes }: typeof actual) =>
      new Map([...nodes].map(([id, { status: _status, ...node }]) => [id, node]));
    expectSame('node, with faults,', stateless(actual), stateless(expected));
    const statistics = (database: ReadDatabase) =>
      Object.values(new StatisticsQuery(database).run(nowMs).periods).map(
        ({ onlineNodes: _on, staleNodes: _s, offlineNodes: _off, activeNodes: _a, ...data }) => data,
      );
    if (!isDeepStrictEqual(statistics(interrupted), statistics(reader)))
      throw new Error('the statistics with faults are not those without');
  } finally {
    reader.close();
    writer.close();
  }
}

/**
 * A last sighting of a node by a clock that was ahead is taken back by what comes later, as long as rows of that time
 * are not deleted (invariants.ts): the run without faults deletes by no clock, and takes none back.
 */
function notAhead(expected: Rows['times'], actual: Rows['times']): Rows['times'] {
  return new Map(
    [...expected].map(([row, times]) => {
      const shown = actual.get(row) ?? '';
      const [first = '', last = ''] = times.split(' ');
      const [shownFirst, shownLast = ''] = shown.split(' ');
      const isTakenBack = row.startsWith('active_nodes ') && shownFirst === first && shownLast < last;
      return [row, isTakenBack ? shown : times];
    }),
  );
}
