// A round: one message of a partition's log. It holds everything that one range of an input stream has for the partition,
// in the order of the stream. Encoding and decoding; this file sends and applies nothing.

import type { Source } from './cluster.ts';

/** The version of the format that this program writes, and the highest that it reads. */
export const ROUND_VERSION = 1;
/** A round is closed at this number of messages. */
export const ROUND_MESSAGES_MAX = 4_000;
/** Maximum size of an encoded round: what the log's stream accepts. */
export const ROUND_BYTES_MAX = 524_288;

/** What a round says about itself. The JSON on the wire is compact; see docs/cluster.md#a-round. */
export interface RoundHeader {
  /** The splitter that made it, for the log of someone who looks for a fault. */
  readonly maker: string;
  readonly source: Source;
  /** The first sequence that this source ever had for the cluster. */
  readonly first: number;
  /** The round holds what follows this sequence … */
  readonly from: number;
  /** … up to and including this one. */
  readonly to: number;
  /** Number of entries. */
  readonly count: number;
  /** The broker's time, ms since the epoch, at which the stream was read up to `to`. */
  readonly atMs: number;
  /** How far behind the end of the stream the splitter read, in ms; 0 at the end. */
  readonly behindMs: number;
  /** True if the server of the stream is away, so that the splitter reads nothing. */
  readonly isAway: boolean;
}

/** One message of an input stream. */
export interface RoundEntry {
  readonly seq: number;
  /** When the broker stored it, ms since the epoch. */
  readonly atMs: number;
  /** Index into `SUBJECTS`, or `NO_SUBJECT` one past it. */
  readonly subject: number;
  /** Its credential headers as `BatchMessage` has them; null without. */
  readonly credential: string | null;
  readonly payload: Uint8Array;
  /** Present if the stream no longer held this many sequences, of which `seq` is the last; `payload` is empty then. */
  readonly lost?: number;
}

/** A decoded round. */
export interface Round {
  readonly header: RoundHeader;
  readonly entries: readonly RoundEntry[];
}

/** Every message that the source's brokers stored before this time is in this round or an earlier one. */
export function watermarkMs({ atMs, behindMs }: Pick<RoundHeader, 'atMs' | 'behindMs'>): number {
  return atMs - behindMs;
}
