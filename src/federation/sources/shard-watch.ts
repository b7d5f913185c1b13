// Watches the input streams of a cluster by the rounds that come of them: whether each was heard lately and is read to
// its end. The observed clock stands still while one is not. It reads no clock and asks nobody.

import type { RoundHeader } from '../domain/round.ts';

/** A shard of which no round came for this long holds up the observed clock, in ms. */
export const SHARD_SILENT_AFTER_MS = 5_000;
/** A shard that is read this far behind its end holds up the observed clock, in ms. */
export const SHARD_BEHIND_MAX_MS = 10_000;
/**
 * A shard whose server is away holds up the observed clock for this long, in ms: by then its monitors have connected to
 * another server.
 */
export const AWAY_HOLDS_UP_MS = 60_000;

/** What is known of one shard. Times are on this machine's monotonic clock unless they say otherwise. */
interface Shard {
  heardMs: number;
  /** How long before the newest round arrived its messages had been read completely, in ms. */
  behindMs: number;
  /** When the first of the latest rounds arrived that all say that the server is away; null if it is not. */
  awaySinceMs: number | null;
}

/** The shards of one log. */
export class ShardWatch {
  readonly #shards = new Map<string, Shard>();
  #expected: readonly string[];

  /** `expected`: the names of the input streams, as far as they are known. */
  constructor(expected: readonly string[]) {
    this.#expected = expected;
  }

  /** The names of the input streams. */
  get expected(): readonly string[] {
    return this.#expected;
  }

  /** Sets the names of the input streams. */
  expect(names: readonly string[]): void {
    this.#expected = names;
    for (const name of this.#shards.keys()) if (!names.includes(name)) this.#shards.delete(name);
  }

  /** Records a round that arrived at `arrivedMs`, when its message in the log was `ageMs` old. */
  heard({ source, behindMs, isAway }: RoundHeader, arrivedMs: number, ageMs: number): void {
    if (!this.#expected.includes(source.stream)) return;
    const awaySinceMs = isAway ? (this.#shards.get(source.stream)?.awaySinceMs ?? arrivedMs) : null;
    this.#shards.set(source.stream, { heardMs: arrivedMs, behindMs: behindMs + ageMs, awaySinceMs });
  }

  /** The shard that holds up the observed clock; null if none does. Without any input stream, nothing is observed. */
  missing(nowMs: number): string | null {
    return this.#expected.find((name) => this.#isMissing(name, nowMs)) ?? null;
  }

  /** True if every message that a node sends now is read. */
  isComplete(nowMs: number): boolean {
    return this.#expected.length > 0 && this.missing(nowMs) === null;
  }

  #isMissing(name: string, nowMs: number): boolean {
    const shard = this.#shards.get(name);
    if (shard === undefined || nowMs - shard.heardMs > SHARD_SILENT_AFTER_MS) return true;
    if (shard.awaySinceMs !== null) return nowMs - shard.awaySinceMs <= AWAY_HOLDS_UP_MS;
    return shard.behindMs > SHARD_BEHIND_MAX_MS;
  }
}
