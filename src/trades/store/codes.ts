// How the rows write states, provenances, hashes and hours. Changing one needs a migration.

import type { Provenance } from '../domain/facts.ts';
import type { OutboxState } from '../domain/questions.ts';

/** An hour, in ms. */
export const HOUR_MS = 3_600_000;

/** States of an entry; the number in a row is the place in this list. */
export const OUTBOX_STATES: readonly OutboxState[] = ['waiting', 'delivered', 'dead'];
/** Provenances; the number in a row is the place in this list. */
export const PROVENANCES: readonly Provenance[] = ['client_reported', 'polled'];

/** The state of a row. Throws for a number that no version of the program writes. */
export function stateOf(code: number): OutboxState {
  return known(OUTBOX_STATES[code]);
}

/** The provenance of a row. Throws for a number that no version of the program writes. */
export function provenanceOf(code: number): Provenance {
  return known(PROVENANCES[code]);
}

/** A hash in hex, as bytes. */
export function hashBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

/** A hash of a row, in hex. */
export function hashHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('a row has a code that this program does not know');
  return value;
}
