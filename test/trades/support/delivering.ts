// A delivery with a real client over an outbox in memory, in fast time.

import { createRandom } from '../../../src/lib/random.ts';
import type { Journal, OutboxEntry } from '../../../src/trades/domain/facts.ts';
import type { StoredDeadLetters, StoredWaiting } from '../../../src/trades/domain/questions.ts';
import type { DeliveryOutcome } from '../../../src/trades/domain/delivery-outcome.ts';
import { Delivery, type DeliveryParts } from '../../../src/trades/sinks/delivery.ts';
import { IngestClient } from '../../../src/trades/sinks/ingest-client.ts';
import { fastTime } from './fast-time.ts';
import { MemoryOutbox } from './memory-outbox.ts';

/** Where the delivery has its entries. */
export interface TestOutbox extends Journal {
  seal(clientId: string, body: string, digest: string): OutboxEntry;
  readonly waiting: readonly StoredWaiting[];
  readonly dead: StoredDeadLetters;
  bodies: DeliveryParts['bodies'];
  rows: DeliveryParts['rows'];
}

export interface DeliveringOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly outbox?: MemoryOutbox;
  readonly bytesMax?: number;
  /** How much faster than the machine's the time is. */
  readonly times?: number;
  readonly parts?: Partial<DeliveryParts>;
}

/** Delivers out of an outbox in memory. */
export function delivering({ outbox = new MemoryOutbox(), ...more }: DeliveringOptions) {
  return deliveringFrom(outbox, more);
}

/** Delivers out of this outbox. */
export async function deliveringFrom<Outbox extends TestOutbox>(
  outbox: Outbox,
  { url, tokenFile, ...more }: Omit<DeliveringOptions, 'outbox'>,
) {
  const { clock, timers } = fastTime(more.times ?? 100);
  const lines: string[] = [];
  const note = (level: string) => (sentence: string, fields?: object) =>
    void lines.push(`${level} ${sentence}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
  const log = { info: note('info'), warn: note('warn') };
  const client = new IngestClient({ backendUrl: url, tokenFile: tokenFile ?? null }, { clock, timers, log });
  await client.start();
  const settled: [number, DeliveryOutcome][] = [];
  const failing: number[] = [];
  const replayed: number[] = [];
  const ends = new Map<number, PromiseWithResolvers<DeliveryOutcome>>();
  const ended = (id: number) => {
    const end = ends.get(id) ?? Promise.withResolvers<DeliveryOutcome>();
    ends.set(id, end);
    return end;
  };
  const random = createRandom(1, 'delivery');
  const delivery = new Delivery(more.bytesMax ?? 2 ** 30, {
    journal: outbox,
    bodies: (ids) => outbox.bodies(ids),
    rows: (query) => outbox.rows(query),
    post: (body, digest) => client.post(body, digest),
    settled: (id, outcome) => {
      settled.push([id, outcome]);
      ended(id).resolve(outcome);
    },
    failing: (id) => void failing.push(id),
    replayed: (id) => {
      replayed.push(id);
      ends.delete(id);
    },
    log,
    clock,
    timers,
    random: () => random.next(),
    ...more.parts,
  });
  delivery.restore(outbox.waiting, outbox.dead);
  await delivery.start();
  return {
    delivery,
    client,
    outbox,
    lines,
    settled,
    failing,
    replayed,
    /** Seals a summary and hands it to the delivery; returns its id. */
    add(clientId: string, body: string, digest: string): number {
      const entry = outbox.seal(clientId, body, digest);
      delivery.add(entry);
      return entry.id;
    },
    /** How the entry ended, now or before; after a replay, how it ends then. */
    outcome: (id: number) => ended(id).promise,
    async stop() {
      await delivery.stop();
      await client.stop();
    },
  };
}
