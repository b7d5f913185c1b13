// The account of a run: the oracle over what the input streams really hold, against the rows of both replicas and the
// published statistics.

import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import { INPUT_STREAM_PREFIX } from '../../../../src/federation/domain/cluster.ts';
import type { Expected } from '../../../../src/federation/simulator/expected-rows.ts';
import { createOracle } from '../../../../src/federation/simulator/oracle.ts';
import type { Tick } from '../../../../src/federation/simulator/publication.ts';
import { mapDifferences, memberDifferences, storedDifferences } from '../differences.ts';
import type { Position, Stored } from '../stored.ts';
import { keyOf, type Meaning } from './meaning.ts';

export interface Account {
  readonly expected: Expected;
  readonly outcomes: { readonly counted: number; readonly rejected: number };
  /** Messages that the input streams hold. */
  readonly messages: number;
  /** First and last sequence of every input stream. */
  readonly streams: ReadonlyMap<string, { readonly first: number; readonly last: number }>;
}

/** Attempts to read a stream on. */
const FAILURES_MAX = 20;

interface Held {
  readonly key: string;
  readonly atMs: number;
}

/**
 * Reads every input stream whole. Throws if one holds a message that the load never sent, unless `hasOthers`: then such
 * messages are left out.
 */
export async function readInputs(
  connection: NatsConnection,
  meaning: Meaning,
  hasOthers: boolean,
): Promise<Account> {
  const manager = await jetstreamManager(connection);
  const held: Held[] = [];
  const streams = new Map<string, { first: number; last: number }>();
  for await (const { config, state } of manager.streams.list()) {
    if (!config.name.startsWith(INPUT_STREAM_PREFIX)) continue;
    streams.set(config.name, { first: state.first_seq, last: state.last_seq });
    if (state.messages > 0) await readStream(connection, config.name, state.last_seq, held);
  }
  held.sort((left, right) => left.atMs - right.atMs);
  const oracle = createOracle();
  const outcomes = { counted: 0, rejected: 0 };
  for (const { key, atMs } of held) {
    const content = meaning.get(key);
    if (content === undefined && hasOthers) continue;
    if (content === undefined) throw new Error('an input stream holds a message that the load never sent');
    if (content === null) outcomes.rejected++;
    else {
      oracle.record({ content }, atMs);
      outcomes.counted++;
    }
  }
  return { expected: oracle.expected(), outcomes, messages: held.length, streams };
}

/** Reads a stream whole; a consumer that the brokers lose is made anew. */
async function readStream(
  connection: NatsConnection,
  stream: string,
  last: number,
  held: Held[],
): Promise<void> {
  const manager = await jetstreamManager(connection);
  for (let seq = 0, failures = 0; seq < last; ) {
    try {
      const { name } = await manager.consumers.add(stream, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: seq + 1,
        mem_storage: true,
      });
      const consumer = await jetstream(connection).consumers.get(stream, name);
      while (seq < last) {
        for await (const message of await consumer.fetch({ max_messages: 5_000, expires: 2_000 })) {
          seq = message.seq;
          const subject = message.subject.replace(/^ingest\.\d+\./, 'truebit.');
          held.push({ key: keyOf(subject, message.data), atMs: Math.floor(message.time.getTime()) });
        }
      }
      await manager.consumers.delete(stream, name);
    } catch (error) {
      if (++failures > FAILURES_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/** How the rows of one replica and the statistics differ from the account. */
export function differences(
  name: string,
  { expected, outcomes, streams }: Account,
  stored: Stored,
  positions: readonly (Position & { readonly stream: string; readonly elsewhere?: number })[],
): string[] {
  const nodes = [...expected.nodes].map(
    ([nodeId, { left, ...row }]) => [nodeId, { ...row, status: left ? 'offline' : 'online' }] as const,
  );
  const sum = (member: keyof Position) =>
    positions.reduce((total, position) => total + Number(position[member]), 0);
  const counted = {
    counted: sum('applied') + sum('duplicate'),
    rejected: sum('rejected'),
    rate_limited: sum('rate_limited'),
    quarantined: sum('quarantined'),
    ignored: sum('ignored'),
    lost: sum('lost'),
  };
  const wanted = { ...outcomes, rate_limited: 0, quarantined: 0, ignored: 0, lost: 0 };
  const applied = positions.map((row): [string, object] => [row.stream, { last: row.last_seq }]);
  const inputs = [...streams].map(([stream, { last }]): [string, object] => [stream, { last }]);
  return [
    ...memberDifferences(`${name}: outcomes`, counted, wanted),
    ...mapDifferences(`${name}: input streams`, new Map(applied), new Map(inputs)),
    ...mapDifferences(`${name}: tasks`, stored.tasks, expected.tasks),
    ...mapDifferences(`${name}: invoices`, stored.invoices, expected.invoices),
    ...mapDifferences(`${name}: nodes`, stored.nodes, new Map(nodes)),
    ...(stored.integrity === 'ok' ? [] : [`${name}: integrity_check: ${stored.integrity}`]),
  ];
}

/** How the published statistics differ from the account. */
export function tickDifferences({ expected }: Account, tick: Tick): string[] {
  return memberDifferences('statistics', tick.periods.all, { ...expected.statistics });
}

/** How the replicas differ from each other. */
export function replicaDifferences(one: Stored, two: Stored): string[] {
  return storedDifferences(one, two, true).map((difference) => `one and two: ${difference}`);
}
