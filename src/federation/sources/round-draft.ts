// The round that a splitter is filling: the messages of one range of an input stream, cut by partition. Closing it gives
// the encoded rounds for the logs. It sends nothing and reads no clock.

import { MESSAGE_BYTES_MAX } from '../domain/decode.ts';
import { partitionOf } from '../domain/placement.ts';
import { ROUND_BYTES_MAX, ROUND_MESSAGES_MAX } from '../domain/round.ts';
import { type RoundFacts, RoundWriter } from '../domain/round-writer.ts';

/** A message of an input stream. */
export interface InputMessage {
  /** Index into `SUBJECTS`, or one past it. */
  readonly subject: number;
  readonly payload: Uint8Array;
  readonly seq: number;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
  readonly credential: string | null;
}

/** What the header of a round says beside its range. */
export type RangeFacts = Omit<RoundFacts, 'from' | 'to'>;

/** An encoded round and the partition whose log it is for. */
export interface EncodedRound {
  readonly partition: number;
  readonly bytes: Uint8Array;
}

/** Collects the messages of one range after another. */
export class RoundDraft {
  readonly #partitions: number;
  readonly #writers: readonly { readonly partition: number; readonly writer: RoundWriter }[];
  /** By partition; null for those that are left out. */
  readonly #writerOf: readonly (RoundWriter | null)[];
  #from: number;
  #to: number;
  #count = 0;
  #atMs: number | null = null;

  /** The range begins after sequence `from`. `only`: the one partition of `partitions` that is wanted; null for all. */
  constructor(partitions: number, only: number | null, from: number) {
    this.#partitions = partitions;
    this.#writerOf = Array.from({ length: partitions }, (_none, partition) =>
      only === null || only === partition ? new RoundWriter() : null,
    );
    this.#writers = this.#writerOf.flatMap((writer, partition) =>
      writer === null ? [] : [{ partition, writer }],
    );
    this.#from = from;
    this.#to = from;
  }

  /** The last sequence that the draft covers. */
  get to(): number {
    return this.#to;
  }

  /** Number of messages and lost entries, those of other partitions included. */
  get count(): number {
    return this.#count;
  }

  /** The time of the last message that a draft before this one, or this one, has taken; null before the first. */
  get atMs(): number | null {
    return this.#atMs;
  }

  /** Takes a message that follows {@link to}; false if it has no room and must be closed first. */
  add({ subject, payload, seq, atMs, credential }: InputMessage): boolean {
    if (this.#count >= ROUND_MESSAGES_MAX) return false;
    // One byte beyond the limit is enough to recognise an over-long message.
    const cut = payload.length > MESSAGE_BYTES_MAX ? payload.subarray(0, MESSAGE_BYTES_MAX + 1) : payload;
    const writer = this.#writerOf[partitionOf(cut, seq, this.#partitions)] ?? null;
    if (writer !== null && !writer.add(seq, atMs, subject, credential, cut)) return false;
    this.#moveTo(seq);
    this.#atMs = atMs;
    return true;
  }

  /** Takes note that the stream holds nothing after {@link to} up to `seq`; false if it must be closed first. */
  addLost(seq: number, atMs: number): boolean {
    if (this.#count >= ROUND_MESSAGES_MAX) return false;
    const writer = this.#writerOf[seq % this.#partitions] ?? null;
    if (writer !== null && !writer.addLost(seq, atMs, seq - this.#to)) return false;
    this.#moveTo(seq);
    return true;
  }

  /** Encodes the range for the log of each partition, and begins the next range. */
  close(facts: RangeFacts): readonly EncodedRound[] {
    const range = { ...facts, from: this.#from, to: this.#to };
    const rounds = this.#writers.flatMap(({ partition, writer }) => {
      const encoded = encodeWithin(writer, range, 0, writer.count);
      writer.clear();
      return encoded.map((bytes) => ({ partition, bytes }));
    });
    this.#from = this.#to;
    this.#count = 0;
    return rounds;
  }

  #moveTo(seq: number): void {
    this.#to = seq;
    this.#count++;
  }
}

/** Encodes entries as one round, or as several if one would be longer than a log accepts. */
function encodeWithin(
  writer: RoundWriter,
  facts: RoundFacts,
  begin: number,
  end: number,
): readonly Uint8Array[] {
  const bytes = writer.encode(facts, begin, end);
  if (bytes.length <= ROUND_BYTES_MAX || end - begin < 2) return [bytes];
  const middle = Math.floor((begin + end) / 2);
  const cut = writer.seqAt(middle - 1) ?? facts.from;
  // The first part says nothing of the messages in the second one.
  const behindMs = Math.max(facts.behindMs, facts.atMs - (writer.timeAt(middle - 1) ?? 0));
  return [
    ...encodeWithin(writer, { ...facts, to: cut, behindMs }, begin, middle),
    ...encodeWithin(writer, { ...facts, from: cut }, middle, end),
  ];
}
