// Makes the splitter of one input stream over a connection to the broker.

import { type NatsConnection } from '../../io/nats.ts';
import { openRecords } from '../../io/record-stream.ts';
import { appender, managerWithin } from '../../io/stream-access.ts';
import { findLedStream } from '../../io/streams.ts';
import { randomShare, systemClock } from '../../lib/clock.ts';
import { systemTimers } from '../../lib/timers.ts';
import { CLUSTER_STREAM, CLUSTER_SUBJECTS, logStream } from '../domain/cluster.ts';
import { ANSWER_WITHIN_MS, brokerInput } from './input-stream.ts';
import { askPositions } from './replica-positions.ts';
import { Splitter, type SplitterOptions } from './splitter.ts';

/** What {@link brokerSplitter} needs of its owner. */
export interface BrokerSplitterParts {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string | null;
  /** Aborted when the splitter stops. */
  readonly signal: AbortSignal;
  /** A log did not take a round; its stream may be missing. */
  refused(): void;
  log(level: 'info' | 'warn', sentence: string): void;
}

/** A splitter that reads and writes at the broker. */
export function brokerSplitter(
  options: SplitterOptions,
  { connection, inboxPrefix, signal, refused, log }: BrokerSplitterParts,
): Splitter {
  const { shard, partitions } = options;
  const append = appender(connection, ANSWER_WITHIN_MS);
  return new Splitter(options, {
    stream: brokerInput(connection, shard, inboxPrefix),
    append: async ({ partition, bytes }) => {
      try {
        await append(logStream(partition), CLUSTER_SUBJECTS.rounds(partition, shard), bytes);
      } catch (error) {
        refused();
        throw error;
      }
    },
    records: openRecords(connection, CLUSTER_STREAM, ANSWER_WITHIN_MS),
    positions: () =>
      askPositions(connection, { hasRounds: () => haveRounds(connection, partitions), signal }),
    clock: systemClock,
    timers: systemTimers,
    random: randomShare,
    log,
  });
}

async function haveRounds(connection: NatsConnection, partitions: number): Promise<boolean> {
  const manager = await managerWithin(connection, ANSWER_WITHIN_MS);
  for (let partition = 0; partition < partitions; partition++) {
    const log = await findLedStream(manager, logStream(partition));
    if (log !== null && log.state.last_seq > 0) return true;
  }
  return false;
}
