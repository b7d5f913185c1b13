// Watches the published statistics of a run: totals never fall, whichever process dies.

import type { NatsConnection } from 'nats';
import { decodePublication } from '../../../src/federation/simulator/publication.ts';

const TOTALS = ['totalTasks', 'totalInvoices', 'totalNodes'] as const;

export interface Watch {
  readonly complaints: readonly string[];
  /** Resolves with the next message. */
  next(): Promise<void>;
}

export function createWatch(connection: NatsConnection): Watch {
  const complaints: string[] = [];
  const greatest = new Map<string, number>();
  let waiting: (() => void)[] = [];
  connection.subscribe('truebit.stats.>', {
    callback: (error, message) => {
      if (error !== null) return;
      for (const resolve of waiting) resolve();
      waiting = [];
      const publication = decodePublication(message.data);
      if (publication === null || publication.period !== 'all') return;
      for (const total of TOTALS) {
        const value = Number(publication.data[total]);
        const before = greatest.get(total) ?? 0;
        if (value < before) complaints.push(`${total} fell from ${before} to ${value} in a publication`);
        greatest.set(total, Math.max(before, value));
      }
    },
  });
  return { complaints, next: () => new Promise((resolve) => waiting.push(resolve)) };
}
