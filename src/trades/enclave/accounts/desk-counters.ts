// What the account desk counts since its start.

import type { EnclaveCounters } from '../../domain/enclave-link.ts';

/** The counters of the enclave that the desk keeps. */
export type DeskCounts = Pick<
  EnclaveCounters,
  | 'polls'
  | 'fills'
  | 'fillsRepeated'
  | 'fillsLate'
  | 'fillsTooOld'
  | 'summaries'
  | 'corrections'
  | 'registrations'
  | 'registrationsRefused'
  | 'sessionsEnded'
  | 'pollsLate'
  | 'latenessSeconds'
>;

/** Counters, each of which only grows. */
export class DeskCounters {
  readonly polls = { new: 0, empty: 0, failed: 0 };
  fills = 0;
  fillsRepeated = 0;
  fillsLate = 0;
  fillsTooOld = 0;
  summaries = 0;
  corrections = 0;
  registrations = 0;
  registrationsRefused = 0;
  sessionsEnded = 0;
}
