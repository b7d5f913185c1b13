// The metrics that several programs have, each program under the prefix of its names. It reads plain data, and knows no
// program.

import { counter, gauge, type Reading } from './reading.ts';

/** Readers of a live feed: open now, and since the start. */
export interface FeedMoment {
  readonly clients: number;
  readonly dropped: number;
  readonly refused: number;
}

/** The metrics of a live feed. */
export function feedReadings(prefix: string): readonly Reading<FeedMoment>[] {
  return [
    gauge(`${prefix}_feed_clients`, 'Open readers of the live feed.', ({ clients }) => clients),
    counter(
      `${prefix}_feed_clients_dropped_total`,
      'Readers of the live feed that were too slow and were dropped.',
      ({ dropped }) => dropped,
    ),
    counter(
      `${prefix}_feed_clients_refused_total`,
      'Readers of the live feed that were refused because there were too many.',
      ({ refused }) => refused,
    ),
  ];
}

/** A database whose writer takes facts. */
export interface FactStoreMoment {
  /** Why it takes nothing; null while it does. */
  readonly problem: string | null;
  readonly waitingFacts: number;
  readonly droppedFacts: number;
  readonly sizeBytes: number;
  /** Null if the system does not tell. */
  readonly freeBytes: number | null;
}

/** The metrics of a database whose writer takes facts. */
export function factStoreReadings(prefix: string): readonly Reading<FactStoreMoment>[] {
  return [
    gauge(`${prefix}_database_writable`, '1 while the database can be written.', ({ problem }) =>
      problem === null ? 1 : 0,
    ),
    gauge(`${prefix}_waiting_facts`, 'Facts that are not committed yet.', ({ waitingFacts }) => waitingFacts),
    counter(
      `${prefix}_facts_dropped_total`,
      'Facts dropped because too many waited for the disk.',
      ({ droppedFacts }) => droppedFacts,
    ),
    gauge(`${prefix}_db_size_bytes`, 'Size of the database on disk.', ({ sizeBytes }) => sizeBytes),
    gauge(
      `${prefix}_disk_free_bytes`,
      'Free space on the file system of the database; 0 if the system does not tell.',
      ({ freeBytes }) => freeBytes ?? 0,
    ),
  ];
}

/** Seconds in which the process had no free file descriptor. */
export function descriptorReading(prefix: string): Reading<{ readonly seconds: number }> {
  return counter(
    `${prefix}_descriptors_exhausted_seconds_total`,
    'Seconds in which no file descriptor was left.',
    ({ seconds }) => seconds,
  );
}

/** The receivers of notices; names are the operator's, and few. */
export interface ReceiversMoment {
  readonly receivers: readonly {
    readonly name: string;
    readonly counts: {
      readonly waiting: number;
      readonly sent: number;
      readonly failed: number;
      readonly dropped: number;
    };
  }[];
}

/** The metrics of the receivers of notices. */
export function receiverReadings(prefix: string): readonly Reading<ReceiversMoment>[] {
  return [
    {
      name: `${prefix}_notifications_total`,
      type: 'counter',
      help: 'Notices by receiver: sent, or dropped; failed counts attempts to send.',
      labels: ['receiver', 'outcome'],
      read: ({ receivers }) =>
        receivers.flatMap(({ name, counts }) =>
          (['sent', 'failed', 'dropped'] as const).map(
            (outcome) => [{ receiver: name, outcome }, counts[outcome]] as const,
          ),
        ),
    },
    {
      name: `${prefix}_notifications_waiting`,
      type: 'gauge',
      help: 'Notices that wait for a receiver.',
      labels: ['receiver'],
      read: ({ receivers }) =>
        receivers.map(({ name, counts }) => [{ receiver: name }, counts.waiting] as const),
    },
  ];
}

/** Lines that the log lost. */
export function logReading(prefix: string): Reading<{ readonly lines: number }> {
  return counter(
    `${prefix}_log_lines_dropped_total`,
    'Log lines that could not be written.',
    ({ lines }) => lines,
  );
}

/** The versions, as labels. */
export function buildReading(prefix: string): Reading<{ readonly version: string }> {
  return {
    name: `${prefix}_build_info`,
    type: 'gauge',
    help: 'Always 1; the labels are the versions of the program and of Node.',
    labels: ['version', 'node'],
    read: ({ version }) => [[{ version, node: process.versions.node }, 1]],
  };
}
