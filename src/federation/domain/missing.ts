// Messages that the numbers will never include: lost, shed or quarantined. They stay on record until an operator
// acknowledges them. Pure rules and sentences; this file stores and logs nothing.

import { COMMAND_NAME } from '../../lib/command-name.ts';

/** The ways in which a message goes missing: two outcomes of the conservation law, and its `lost`. */
export const MISSING_OUTCOMES = ['lost', 'shed', 'quarantined'] as const;
/** One of {@link MISSING_OUTCOMES}. */
export type MissingOutcome = (typeof MISSING_OUTCOMES)[number];

/** The record of one outcome. Times are of this machine's wall clock, ms since the epoch. */
export interface MissingRecord {
  /** Messages counted since the database began this record. */
  readonly total: number;
  /** How many of them, the earliest, an operator has acknowledged. */
  readonly acknowledged: number;
  /** When the first and the latest unacknowledged message was found; 0 if there is none. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** The records of all outcomes. */
export type Missing = Readonly<Record<MissingOutcome, MissingRecord>>;

/** A number of messages of each outcome. */
export type MissingCounts = Readonly<Record<MissingOutcome, number>>;

/** An outcome with unacknowledged messages, as operators see it. Times are UTC text. */
export interface MissingListing {
  readonly outcome: MissingOutcome;
  readonly messages: number;
  readonly firstFoundAt: string;
  readonly lastFoundAt: string;
  /** What happened and what to do about it, in sentences. */
  readonly meaning: string;
}

const NONE: MissingRecord = { total: 0, acknowledged: 0, firstAtMs: 0, lastAtMs: 0 };

/** The records of a database in which nothing has gone missing. */
export const NONE_MISSING: Missing = { lost: NONE, shed: NONE, quarantined: NONE };

/** The command with which an operator acknowledges missing messages. */
export const ACKNOWLEDGE_COMMAND = `${COMMAND_NAME} status --acknowledge`;

const DONE: Readonly<Record<MissingOutcome, string>> = {
  lost: 'lost',
  shed: 'thrown away',
  quarantined: 'set aside',
};

const MEANING: Readonly<Record<MissingOutcome, string>> = {
  lost: 'The stream dropped them before the aggregator read them: the aggregator was away for longer than the stream keeps messages, or the stream is too small, or somebody purged it. Raise STREAM_MAX_AGE or STREAM_MAX_BYTES.',
  shed: 'Plain NATS brought messages faster than the disk can store them. Use a faster disk, or a broker with JetStream.',
  quarantined: 'A defect of this program keeps it from storing them. Report it with the table quarantine.',
};

/** The record after `count` more messages were found missing at `atMs`. */
export function withFound(record: MissingRecord, count: number, atMs: number): MissingRecord {
  if (count <= 0) return record;
  const firstAtMs = unacknowledged(record) > 0 ? record.firstAtMs : atMs;
  return { ...record, total: record.total + count, firstAtMs, lastAtMs: atMs };
}

/**
 * The record after an operator acknowledged the first `upTo` messages of its total. Messages found after the operator
 * looked stay unacknowledged; their first time becomes that of the latest. `acknowledged` never decreases and never
 * exceeds the total.
 */
export function withAcknowledged(record: MissingRecord, upTo: number): MissingRecord {
  const acknowledged = Math.min(record.total, Math.max(record.acknowledged, upTo));
  if (acknowledged === record.acknowledged) return record;
  return acknowledged === record.total
    ? { ...record, acknowledged, firstAtMs: 0, lastAtMs: 0 }
    : { ...record, acknowledged, firstAtMs: record.lastAtMs };
}

/** The number of messages that no operator has acknowledged. */
export function unacknowledged({ total, acknowledged }: MissingRecord): number {
  return total - acknowledged;
}

/** The present total of each outcome. An operator who has seen this record acknowledges these totals. */
export function totalsOf(missing: Missing): MissingCounts {
  return { lost: missing.lost.total, shed: missing.shed.total, quarantined: missing.quarantined.total };
}

/** The outcomes with unacknowledged messages, for operators; outcomes without any are left out. */
export function listMissing(missing: Missing): readonly MissingListing[] {
  return MISSING_OUTCOMES.filter((outcome) => unacknowledged(missing[outcome]) > 0).map((outcome) => ({
    outcome,
    messages: unacknowledged(missing[outcome]),
    firstFoundAt: new Date(missing[outcome].firstAtMs).toISOString(),
    lastFoundAt: new Date(missing[outcome].lastAtMs).toISOString(),
    meaning: MEANING[outcome],
  }));
}

/** For example `400 messages lost`. */
export function countText(outcome: MissingOutcome, messages: number): string {
  return `${messages.toLocaleString('en')} ${messages === 1 ? 'message' : 'messages'} ${DONE[outcome]}`;
}

/** Describes one outcome in sentences, with the time at which its messages were found. */
export function describeMissing({
  outcome,
  messages,
  firstFoundAt,
  lastFoundAt,
  meaning,
}: MissingListing): string {
  const found =
    firstFoundAt === lastFoundAt
      ? `found at ${firstFoundAt}`
      : `found between ${firstFoundAt} and ${lastFoundAt}`;
  return `${countText(outcome, messages)}, ${found}, and missing from the numbers for good. ${meaning}`;
}

/** The log line about messages that were just found missing. */
export function newsText(outcome: MissingOutcome, messages: number): string {
  return `ingest: ${countText(outcome, messages)} and missing from the numbers for good. ${MEANING[outcome]} The warning stays until you run: ${ACKNOWLEDGE_COMMAND}`;
}

/** Minimum time, in ms, between two log lines about missing messages while messages continue to go missing. */
export const MISSING_NEWS_REST_MS = 60_000;

/** Messages of one outcome found missing since it was last told. */
export interface MissingFind {
  readonly outcome: MissingOutcome;
  readonly messages: number;
}

/**
 * Decides when missing messages are told. Each first discovery is told at once. While discoveries continue (a stream that
 * drops messages faster than the source reads them), their sum is told every `restMs`. Times are of the monotonic clock.
 */
export class MissingFinds {
  readonly #outcomes: readonly MissingOutcome[];
  readonly #restMs: number;
  readonly #told: Record<MissingOutcome, number>;
  readonly #toldAtMs: Partial<Record<MissingOutcome, number>> = {};

  /** Messages already on record in `known` are not told again. */
  constructor(known: Missing, outcomes: readonly MissingOutcome[], restMs = MISSING_NEWS_REST_MS) {
    this.#told = { ...totalsOf(known) };
    this.#outcomes = outcomes;
    this.#restMs = restMs;
  }

  /** What is due at `nowMs`. With `isLast`, the last call before the process ends, nothing is held back. */
  due(missing: Missing, nowMs: number, isLast = false): readonly MissingFind[] {
    const finds: MissingFind[] = [];
    for (const outcome of this.#outcomes) {
      const messages = missing[outcome].total - this.#told[outcome];
      const toldAtMs = this.#toldAtMs[outcome];
      const isResting = !isLast && toldAtMs !== undefined && nowMs - toldAtMs < this.#restMs;
      if (messages <= 0 || isResting) continue;
      this.#told[outcome] = missing[outcome].total;
      this.#toldAtMs[outcome] = nowMs;
      finds.push({ outcome, messages });
    }
    return finds;
  }
}

/** Quarantined messages are not here: the salvage that finds one logs more about it. */
const NEWS_OUTCOMES = ['lost', 'shed'] as const satisfies readonly MissingOutcome[];

/** Decides when the log reports lost and shed messages, as {@link MissingFinds} does. */
export class MissingNews {
  readonly #finds: MissingFinds;

  constructor(known: Missing, restMs = MISSING_NEWS_REST_MS) {
    this.#finds = new MissingFinds(known, NEWS_OUTCOMES, restMs);
  }

  /**
   * The log lines that are due at `nowMs`. With `isLast`, the last call before the process ends, no line is held back.
   */
  due(missing: Missing, nowMs: number, isLast = false): readonly string[] {
    return this.#finds
      .due(missing, nowMs, isLast)
      .map(({ outcome, messages }) => newsText(outcome, messages));
  }
}
