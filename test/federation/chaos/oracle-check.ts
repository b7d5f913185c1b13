// The third account: the oracle, which knows what every message meant, over what the stream really holds. Only for runs
// in which no message was refused, pruned or lost on the way; without this check both aggregators could be wrong in the
// same way.

import { jetstream } from '@nats-io/jetstream';
import { createOracle } from '../../../src/federation/simulator/oracle.ts';
import type { Tick } from '../../../src/federation/simulator/publication.ts';
import { type Broker, STREAM } from './broker.ts';
import { mapDifferences, memberDifferences } from './differences.ts';
import type { LoadMessage } from './load.ts';
import type { Stored } from './stored.ts';

export interface OracleCheck {
  /** Reads the whole stream. */
  read(broker: Broker): Promise<void>;
  differences(stored: Stored, tick: Tick): string[];
}

export function createOracleCheck(said: readonly LoadMessage[]): OracleCheck {
  const meaning = new Map(said.map((message) => [keyOf(message.subject, message.payload), message.planned]));
  const oracle = createOracle();
  const outcomes = {
    applied: 0,
    duplicate: 0,
    rejected: 0,
    rate_limited: 0,
    quarantined: 0,
    ignored: 0,
    lost: 0,
  };

  return {
    async read(broker) {
      const { first, last } = await broker.sequences();
      const connection = await broker.connect();
      const consumer = await jetstream(connection).consumers.get(STREAM);
      let seq = first - 1;
      while (seq < last) {
        for await (const message of await consumer.fetch({ max_messages: 1000, expires: 2000 })) {
          seq = message.seq;
          const planned = meaning.get(keyOf(message.subject, message.data));
          if (planned === undefined) throw new Error(`the stream holds ${seq}, which nobody said`);
          if (planned === null) outcomes.rejected++;
          else outcomes[oracle.record(planned, Math.floor(message.time.getTime()))]++;
          if (seq === last) break;
        }
      }
      await connection.close();
    },
    differences(stored, tick) {
      const expected = oracle.expected();
      const nodes = [...expected.nodes].map(
        ([nodeId, { left, ...row }]) => [nodeId, { ...row, status: left ? 'offline' : 'online' }] as const,
      );
      const [position] = [...stored.positions.values()].slice(-1);
      return [
        ...memberDifferences('oracle: position', { ...position }, outcomes),
        ...mapDifferences('oracle: tasks', stored.tasks, expected.tasks),
        ...mapDifferences('oracle: invoices', stored.invoices, expected.invoices),
        ...mapDifferences('oracle: nodes', stored.nodes, new Map(nodes)),
        ...memberDifferences('oracle: statistics', tick.periods.all, { ...expected.statistics }),
      ];
    },
  };
}

function keyOf(subject: string, payload: Uint8Array): string {
  return `${subject} ${Buffer.from(payload).toString('latin1')}`;
}
