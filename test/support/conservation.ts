// The conservation law of section 7, from one scrape: every message received is exactly one outcome, or in flight.

import { expect } from 'vitest';
import type { Aggregator } from './aggregator.ts';

export async function expectConserved(aggregator: Aggregator): Promise<void> {
  const text = await (await fetch(`${await aggregator.url()}/metrics`)).text();
  const sum = (name: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  const received = sum('aggregator_messages_received_total');
  expect(sum('aggregator_messages_total') + sum('aggregator_in_flight_messages')).toBe(received);
}
