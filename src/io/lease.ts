// A lease: of several processes one holds it, as long as it renews it. A lease only saves work. It stops no process that
// is frozen, so nothing may be wrong if two processes believe that they hold it. This file compares no clocks of two
// machines: a challenger judges a record only by how long it has itself seen it unchanged.

import type { Clock } from '../lib/clock.ts';
import { isObject } from '../lib/is-object.ts';
import type { Part } from '../lib/part.ts';
import type { Timer, Timers } from '../lib/timers.ts';
import { RecordConflict, type RecordStream } from './record-stream.ts';

/** Who wants the lease, and where it stands. */
export interface LeaseOptions {
  readonly subject: string;
  /** The name of this process, different from that of every other. */
  readonly holder: string;
}

/** Time between two renewals, in ms. */
export const LEASE_RENEW_MS = 750;
/** A challenger takes the lease after it has seen the same record for this long on its own monotonic clock, in ms. */
export const LEASE_TAKEN_AFTER_MS = 3_000;
/** A holder that could not renew for this long gives the lease up, in ms. */
export const LEASE_GIVEN_UP_AFTER_MS = 2_500;
/** Longest time between two looks of a challenger, in ms. */
const LOOK_MS = LEASE_RENEW_MS / 2;
/** A look comes earlier by up to this share, so that several challengers do not look at the same moments. */
const LOOK_JITTER = 0.3;

/** What a {@link Lease} needs of its owner. */
export interface LeaseParts {
  /** The records among which the lease stands; null while there is no connection to the broker. */
  records(): RecordStream | null;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timers: Timers;
  /** A number from 0 to below 1. */
  random(): number;
  /** Called when this process takes the lease, and when it no longer holds it. */
  changed(isHeld: boolean): void;
}

/** The record of a lease. */
interface LeaseRecord {
  /** Null: its last holder released it. */
  readonly holder: string | null;
  /** Grows with each renewal, for the reader of a log. */
  readonly count: number;
}

/** The version of the record on which this process last acted or looked. */
interface Seen {
  readonly seq: number;
  readonly holder: string | null;
  readonly count: number;
  /** When this process first saw this version, on its monotonic clock. */
  readonly sinceMs: number;
}

/** One process's claim to a lease, from its start to its stop. */
export class Lease implements Part {
  readonly #options: LeaseOptions;
  readonly #parts: LeaseParts;
  #seen: Seen | null = null;
  /** When the last renewal that succeeded was sent, on the monotonic clock; null if this process holds no lease. */
  #renewedMs: number | null = null;
  /** True if a renewal was sent whose outcome is not known: the record must be read before the next one. */
  #isUnsure = false;
  /** The last value that `changed` was told. */
  #isTold = false;
  #isStopped = false;
  #step: Promise<void> = Promise.resolve();
  #next: Timer | null = null;
  #limit: Timer | null = null;

  constructor(options: LeaseOptions, parts: LeaseParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** True while this process holds the lease, as far as it can know: false as soon as it could not renew for too long. */
  get isHeld(): boolean {
    return this.#renewedMs !== null && this.#now() - this.#renewedMs < LEASE_GIVEN_UP_AFTER_MS;
  }

  /** The process that the record named when it was last read or written; null if none, or if it was not read yet. */
  get holder(): string | null {
    return this.#seen?.holder ?? null;
  }

  /** Begins to look at the record; the lease may be taken at once, or never. */
  async start(): Promise<void> {
    this.#run();
  }

  /** Releases the lease if it is held, so that another process takes it at its next look. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#next?.cancel();
    await this.#step;
    if (this.isHeld) await this.#write(null).catch(() => undefined);
    this.#lose();
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }

  #run(): void {
    this.#step = this.#stepAndPlan();
  }

  async #stepAndPlan(): Promise<void> {
    const startedMs = this.#now();
    await this.#once();
    if (!this.#isStopped) this.#next = this.#parts.timers.after(this.#waitMs(startedMs), () => this.#run());
  }

  #waitMs(startedMs: number): number {
    const spentMs = this.#now() - startedMs;
    if (this.isHeld) return Math.max(0, LEASE_RENEW_MS - spentMs);
    const lookMs = LOOK_MS * (1 - LOOK_JITTER * this.#parts.random());
    const dueMs = this.#seen === null ? lookMs : this.#seen.sinceMs + LEASE_TAKEN_AFTER_MS - this.#now();
    return dueMs > 0 ? Math.min(lookMs, dueMs) : lookMs;
  }

  /** Renews the lease, or looks at it and takes it if nobody holds it. Never rejects. */
  async #once(): Promise<void> {
    try {
      if (!this.isHeld) this.#lose();
      else if (!this.#isUnsure) return await this.#renew();
      await this.#look();
    } catch (error) {
      if (error instanceof RecordConflict) this.#lose();
      // Another error says nothing about the lease; the next step finds out, and the limit ends a lease that was held.
    }
  }

  async #look(): Promise<void> {
    const seen = await this.#read();
    if (seen === null) return;
    if (this.isHeld) {
      if (seen.holder !== this.#options.holder) return this.#lose();
      return await this.#renew();
    }
    const isFree = seen.holder === null || seen.holder === this.#options.holder;
    if (this.#isStopped || (!isFree && this.#now() - seen.sinceMs < LEASE_TAKEN_AFTER_MS)) return;
    await this.#renew();
  }

  /** Reads the record; null if there is no connection. */
  async #read(): Promise<Seen | null> {
    const record = await this.#parts.records()?.read(this.#options.subject);
    if (record === undefined) return null;
    const seq = record?.seq ?? 0;
    if (this.#seen?.seq !== seq) {
      const { holder, count } = record === null ? { holder: null, count: 0 } : leaseRecordOf(record.text);
      this.#seen = { seq, holder, count, sinceMs: this.#now() };
    }
    return this.#seen;
  }

  /** Writes the record in the name of this process: a renewal, or the taking of the lease. */
  async #renew(): Promise<void> {
    const sentMs = this.#now();
    if (!(await this.#write(this.#options.holder))) return;
    this.#renewedMs = sentMs;
    this.#limit?.cancel();
    this.#limit = this.#parts.timers.after(LEASE_GIVEN_UP_AFTER_MS - (this.#now() - sentMs), () =>
      this.#lose(),
    );
    this.#tell();
  }

  /** False if there is no connection. */
  async #write(holder: string | null): Promise<boolean> {
    const records = this.#parts.records();
    if (records === null) return false;
    const record: LeaseRecord = { holder, count: (this.#seen?.count ?? 0) + 1 };
    const { subject } = this.#options;
    this.#isUnsure = true;
    const seq = await records.write(subject, JSON.stringify(record), this.#seen?.seq ?? 0);
    this.#isUnsure = false;
    this.#seen = { seq, ...record, sinceMs: this.#now() };
    return true;
  }

  #lose(): void {
    this.#limit?.cancel();
    if (this.#renewedMs !== null) this.#seen = null;
    this.#renewedMs = null;
    this.#isUnsure = false;
    this.#tell();
  }

  #tell(): void {
    const isHeld = this.isHeld;
    if (isHeld === this.#isTold) return;
    this.#isTold = isHeld;
    this.#parts.changed(isHeld);
  }
}

/** The process that a record of a lease names; null if its last holder released it. */
export function leaseHolderOf(text: string): string | null {
  return leaseRecordOf(text).holder;
}

/** A record that no version of this program wrote counts as held by another, until it has stood for long enough. */
function leaseRecordOf(text: string): LeaseRecord {
  const { holder = '', count }: Readonly<Record<string, unknown>> = objectOf(text) ?? {};
  return {
    holder: holder === null || typeof holder === 'string' ? holder : '',
    count: typeof count === 'number' && Number.isSafeInteger(count) ? count : 0,
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
