// Messages that are missing from the numbers for good: lost, shed or set aside. They stay on record until an operator has
// acknowledged them. Pure rules and sentences; nothing here stores or tells anything.

/** The ways in which a message goes missing, each a word of the conservation law or its `lost`. */
export const MISSING_OUTCOMES = ['lost', 'shed', 'quarantined'] as const;
export type MissingOutcome = (typeof MISSING_OUTCOMES)[number];

/** What is on record of one outcome. Times are of our clock. */
export interface MissingRecord {
  /** Messages since the database keeps this record. */
  readonly total: number;
  /** How many of them an operator has acknowledged: the earliest. */
  readonly acknowledged: number;
  /** When the first and the latest of the others were found; 0 if there are none. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** All outcomes; every one is there. */
export type Missing = Readonly<Record<MissingOutcome, MissingRecord>>;

/** A number of messages of each outcome. */
export type MissingCounts = Readonly<Record<MissingOutcome, number>>;

/** One outcome of which messages are not acknowledged, as people are told of it; times are public UTC text. */
export interface MissingListing {
  readonly outcome: MissingOutcome;
  readonly messages: number;
  readonly firstFoundAt: string;
  readonly lastFoundAt: string;
  /** What happened and what to do about it, in sentences. */
  readonly meaning: string;
}

const NONE: MissingRecord = { total: 0, acknowledged: 0, firstAtMs: 0, lastAtMs: 0 };

/** Before anything was missing. */
export const NONE_MISSING: Missing = { lost: NONE, shed: NONE, quarantined: NONE };

/** The command that ends the warning. */
export const ACKNOWLEDGE_COMMAND = 'npm run status -- --acknowledge';

const DONE: Readonly<Record<MissingOutcome, string>> = {
  lost: 'lost',
  shed: 'thrown away',
  quarantined: 'set aside',
};

const MEANING: Readonly<Record<MissingOutcome, string>> = {
  lost: 'The stream dropped them before they were read: the aggregator was away for longer than the stream keeps messages, or the stream is too small, or it was purged. Raise STREAM_MAX_AGE or STREAM_MAX_BYTES.',
  shed: 'Plain NATS brought more than the disk could take. Use a quicker disk, or a broker with JetStream.',
  quarantined:
    'They could not be stored, which is a defect of this program. Report it with the table quarantine.',
};

/** The record after `count` more messages were found missing at `atMs`. */
export function withFound(record: MissingRecord, count: number, atMs: number): MissingRecord {
  if (count <= 0) return record;
  const firstAtMs = unacknowledged(record) > 0 ? record.firstAtMs : atMs;
  return { ...record, total: record.total + count, firstAtMs, lastAtMs: atMs };
}

/**
 * The record after an operator acknowledged it as far as `upTo` of its total: what was found after he looked stays, and
 * counts as found with the latest. Never less is acknowledged than before, never more than there is.
 */
export function withAcknowledged(record: MissingRecord, upTo: number): MissingRecord {
  const acknowledged = Math.min(record.total, Math.max(record.acknowledged, upTo));
  if (acknowledged === record.acknowledged) return record;
  return acknowledged === record.total
    ? { ...record, acknowledged, firstAtMs: 0, lastAtMs: 0 }
    : { ...record, acknowledged, firstAtMs: record.lastAtMs };
}

/** Messages that no operator has acknowledged. */
export function unacknowledged({ total, acknowledged }: MissingRecord): number {
  return total - acknowledged;
}

/** Up to where each outcome is on record: what an operator acknowledges who has seen this. */
export function totalsOf(missing: Missing): MissingCounts {
  return { lost: missing.lost.total, shed: missing.shed.total, quarantined: missing.quarantined.total };
}

/** What people are told: the outcomes of which messages are not acknowledged, and no others. */
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

/** One outcome in sentences, with when it was found. */
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

/** The line of the log that tells of messages just found. */
export function newsText(outcome: MissingOutcome, messages: number): string {
  return `ingest: ${countText(outcome, messages)} and missing from the numbers for good. ${MEANING[outcome]} Shown as unacknowledged until: ${ACKNOWLEDGE_COMMAND}`;
}

/** Of messages set aside, whoever looked for them has told more. */
const NEWS_OUTCOMES = ['lost', 'shed'] as const satisfies readonly MissingOutcome[];

/**
 * Decides what the log tells of messages found lost or shed: each discovery at once, and while one follows the other (a stream
 * that drops faster than it is read) their sum once in a while. Times are of the monotonic clock.
 */
export class MissingNews {
  readonly #restMs: number;
  readonly #told: Record<MissingOutcome, number>;
  readonly #toldAtMs: Partial<Record<MissingOutcome, number>> = {};

  /** What `known` has on record needs no telling. */
  constructor(known: Missing, restMs: number) {
    this.#told = { ...totalsOf(known) };
    this.#restMs = restMs;
  }

  /** The lines that are due; `isLast` if there will be no later chance. */
  due(missing: Missing, nowMs: number, isLast = false): readonly string[] {
    const lines: string[] = [];
    for (const outcome of NEWS_OUTCOMES) {
      const news = missing[outcome].total - this.#told[outcome];
      const toldAtMs = this.#toldAtMs[outcome];
      const isResting = !isLast && toldAtMs !== undefined && nowMs - toldAtMs < this.#restMs;
      if (news <= 0 || isResting) continue;
      this.#told[outcome] = missing[outcome].total;
      this.#toldAtMs[outcome] = nowMs;
      lines.push(newsText(outcome, news));
    }
    return lines;
  }
}
