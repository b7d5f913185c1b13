// Takes the statistics that aggregators publish: checks their signature, reads them, and passes on those that are newer
// (docs/agent.md#statistics). Anyone may be able to publish there: what is refused is counted, and nothing of it is logged.

import type { PublicJwk } from '../../lib/ed25519.ts';
import { isSignature } from '../../lib/ed25519.ts';
import type { Clock } from '../../lib/clock.ts';
import { credentialOf } from '../../io/message-credential.ts';
import type { Msg } from '../../io/nats.ts';
import { KEY_ID_HEADER, SIGNATURE_HEADER } from '../../federation/domain/message-signature.ts';
import {
  type ShortPeriod,
  type SignatureState,
  STATISTICS_OUTCOMES,
  type StatisticsOutcome,
  type StatisticsRow,
} from '../domain/network-statistics.ts';
import { readStatistics, STATISTICS_BYTES_MAX } from '../domain/read-statistics.ts';

/** What is subscribed to. */
export const STATISTICS_SUBJECT = 'truebit.stats.>';
/** Messages of statistics that are read in a second: an aggregator publishes four in half a minute. */
export const STATISTICS_PER_SECOND_MAX = 100;
/** Newest times that are remembered, four for an aggregator; then the one that was heard longest ago is forgotten. */
export const NEWEST_TIMES_MAX = 256;
/** A time so far ahead of the own clock does not keep later messages out: it was a mistake of the aggregator's clock. */
const AHEAD_MS = 300_000;
const SECOND_MS = 1_000;

/** What a {@link StatisticsFeed} needs of its owner. */
export interface FeedParts {
  readonly clock: Clock;
  /** The key whose signatures count; null if none is known: then nothing is checked. */
  key(): PublicJwk | null;
  /** Newer statistics of everything: the row to keep. */
  statistics(row: StatisticsRow): void;
  /** Newer statistics of a shorter period, for the memory only. */
  periodStatistics(period: ShortPeriod, row: StatisticsRow): void;
}

const HEADERS = {
  keyId: KEY_ID_HEADER,
  signature: SIGNATURE_HEADER,
  /** Two values without a blank, else one that no key has. */
  join: (keyIds: readonly string[], signatures: readonly string[]) =>
    keyIds.length === 0 && signatures.length === 0 ? null : `${keyIds.join(',')} ${signatures.join(',')}`,
} as const;

/** The statistics of all aggregators that are heard. */
export class StatisticsFeed {
  readonly #parts: FeedParts;
  readonly #counts = Object.fromEntries(STATISTICS_OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    StatisticsOutcome,
    number
  >;
  /** Newest time by aggregator and period, the one heard longest ago first. */
  readonly #newestMs = new Map<string, number>();
  #secondMs = -Infinity;
  #inSecond = 0;

  /** `kept` is the row of an earlier process. */
  constructor(kept: StatisticsRow | null, parts: FeedParts) {
    this.#parts = parts;
    if (kept !== null) this.#newestMs.set(`all ${kept.aggregatorId}`, kept.publishedMs);
  }

  /** What became of the messages since the start. */
  get counts(): Readonly<Record<StatisticsOutcome, number>> {
    return { ...this.#counts };
  }

  /** Takes one message; returns what became of it. Never throws for what is in it. */
  heard(message: Msg): StatisticsOutcome {
    const outcome = this.#judge(message);
    this.#counts[outcome] += 1;
    return outcome;
  }

  #judge(message: Msg): StatisticsOutcome {
    if (this.#isTooMany()) return 'shed';
    if (message.data.length > STATISTICS_BYTES_MAX) return 'too_large';
    const signature = signatureStateOf(message, this.#parts.key());
    if (signature === 'unsigned' || signature === 'bad_signature') return signature;
    const receivedMs = this.#parts.clock.nowMs();
    const read = readStatistics(message.data, { receivedMs, signature });
    if (typeof read === 'string') return read;
    const { period, row } = read;
    if (!this.#isNewer(`${period} ${row.aggregatorId}`, row.publishedMs, receivedMs)) return 'older';
    if (period === 'all') this.#parts.statistics(row);
    else this.#parts.periodStatistics(period, row);
    return 'kept';
  }

  #isTooMany(): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    return this.#inSecond > STATISTICS_PER_SECOND_MAX;
  }

  #isNewer(name: string, publishedMs: number, nowMs: number): boolean {
    const newestMs = this.#newestMs.get(name);
    const isNewer = newestMs === undefined || publishedMs > newestMs || newestMs > nowMs + AHEAD_MS;
    if (!isNewer || publishedMs === newestMs) return false;
    this.#newestMs.delete(name);
    this.#newestMs.set(name, publishedMs);
    const [oldest] = this.#newestMs.keys();
    if (this.#newestMs.size > NEWEST_TIMES_MAX && oldest !== undefined) this.#newestMs.delete(oldest);
    return true;
  }
}

/** What the signature of a message of statistics is worth. Without a known key nothing is checked: `none`. */
export function signatureStateOf(
  message: Msg,
  key: PublicJwk | null,
): SignatureState | 'unsigned' | 'bad_signature' {
  if (key === null) return 'none';
  const credential = credentialOf(message, HEADERS);
  if (credential === null) return 'unsigned';
  const [keyId, signature = ''] = credential.split(' ');
  return keyId === key.kid && isSignature(key.x, message.data, signature) ? 'valid' : 'bad_signature';
}
