// A round: one message of a partition's log. It holds everything that one range of an input stream has for the partition,
// in the order of the stream. The types, and decoding; round-writer.ts encodes. This file sends and applies nothing.

import { zstdDecompressSync } from 'node:zlib';
import { type Source, sourceName, sourceOf } from './cluster.ts';
import { isObject } from '../../lib/is-object.ts';
import { ColumnReader, MalformedColumn } from './round-columns.ts';
import { SUBJECTS } from './vocabulary.ts';

/** The version of the format that this program writes, and the highest that it reads. */
export const ROUND_VERSION = 1;
/** A round is closed at this number of messages. */
export const ROUND_MESSAGES_MAX = 4_000;
/** Maximum size of an encoded round: what the log's stream accepts. */
export const ROUND_BYTES_MAX = 524_288;
/** Maximum size of a round's content before it is compressed: a reader inflates no more. */
export const ROUND_CONTENT_BYTES_MAX = 4_194_304;
/** The flag for content that is compressed with zstd. */
export const ZSTD_FLAG = 1;
/** In the column of subjects: a subject that is not in `SUBJECTS`. */
export const OTHER_SUBJECT_CODE = 254;
/** In the column of subjects: a lost entry. */
export const LOST_CODE = 255;
/** Maximum length of the JSON header in bytes. */
const HEADER_BYTES_MAX = 8_192;

/**
 * At each attaching, reading begins this number of rounds before the position: a log that lost its end may have given
 * the sequences there a second time.
 */
export const LOG_OVERLAP_ROUNDS = 300;

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

/** A round as plain data. */
export interface Round {
  readonly header: RoundHeader;
  readonly entries: readonly RoundEntry[];
}

/** A round whose bytes have been checked. */
export interface DecodedRound {
  readonly type: 'round';
  readonly header: RoundHeader;
  /** Visits the entries in the order of the stream. Their payloads are views into the round; it copies none. */
  visit(take: (entry: RoundEntry) => void): void;
}

/** Bytes that are no round that this program can read. */
export interface RoundFault {
  readonly type: 'fault';
  /** One phrase for the log. It quotes nothing of the bytes. */
  readonly reason: string;
}

/** Every message that the source's brokers stored before this time is in this round or an earlier one. */
export function watermarkMs({ atMs, behindMs }: Pick<RoundHeader, 'atMs' | 'behindMs'>): number {
  return atMs - behindMs;
}

/** The header as JSON on the wire. */
export function headerText(header: RoundHeader): string {
  const { maker, source, first, from, to, count, atMs, behindMs, isAway } = header;
  const ranges = { [sourceName(source)]: [first, from, to] };
  return JSON.stringify({ maker, ranges, count, atMs, behindMs, away: isAway });
}

/**
 * Checks the bytes of a round. Never throws, and allocates at most {@link ROUND_CONTENT_BYTES_MAX} bytes beside a few
 * numbers per entry, whatever the bytes are. The returned round refers to `bytes` if they are not compressed.
 */
export function decodeRound(bytes: Uint8Array): DecodedRound | RoundFault {
  const [version, flags] = bytes;
  if (version === undefined || flags === undefined) return fault('it is shorter than two bytes');
  if (version !== ROUND_VERSION)
    return fault(`its version is ${version}, and this program reads ${ROUND_VERSION}`);
  if ((flags & ~ZSTD_FLAG) !== 0) return fault('it has an unknown flag');
  try {
    return decodeContent((flags & ZSTD_FLAG) === 0 ? plain(bytes) : inflated(bytes));
  } catch (error) {
    if (error instanceof MalformedColumn) return fault(error.message);
    throw error;
  }
}

/** The entries of a decoded round as an array. */
export function entriesOf(round: DecodedRound): readonly RoundEntry[] {
  const entries: RoundEntry[] = [];
  round.visit((entry) => entries.push(entry));
  return entries;
}

function fault(reason: string): RoundFault {
  return { type: 'fault', reason };
}

function plain(bytes: Uint8Array): Buffer {
  if (bytes.length > ROUND_CONTENT_BYTES_MAX) throw new MalformedColumn('it is too long');
  return Buffer.from(bytes.buffer, bytes.byteOffset + 2, bytes.length - 2);
}

function inflated(bytes: Uint8Array): Buffer {
  try {
    return zstdDecompressSync(bytes.subarray(2), { maxOutputLength: ROUND_CONTENT_BYTES_MAX });
  } catch {
    throw new MalformedColumn('its content cannot be inflated, or is too long');
  }
}

function decodeContent(content: Buffer): DecodedRound {
  const columns = new ColumnReader(content);
  const header = readHeader(columns.text(HEADER_BYTES_MAX));
  const { count, from, to } = header;
  const seqs = columns.ascending(count, from);
  const times = columns.steps(count, header.atMs);
  const lengths = columns.lengths(count);
  const codes = columns.bytes();
  const credentialLengths = columns.optionalLengths(count);
  const lostNumbers = columns.rest();
  const credentials = columns.bytes();
  const payload = columns.bytes();
  columns.end();
  if (codes.length !== count) throw new MalformedColumn('its column of subjects has another length');
  if ((seqs[count - 1] ?? from) > to) throw new MalformedColumn('a sequence lies beyond its range');
  const lost = new Map<number, number>();
  let payloadLength = 0;
  let credentialLength = 0;
  for (let index = 0; index < count; index++) {
    const length = lengths[index] ?? 0;
    const code = codes[index] ?? 0;
    payloadLength += length;
    credentialLength += credentialLengths?.[index] ?? 0;
    if (code === LOST_CODE) {
      const number = lostNumbers.next();
      const room = (seqs[index] ?? 0) - (index === 0 ? from : (seqs[index - 1] ?? 0));
      if (number < 1 || number > room || length > 0)
        throw new MalformedColumn('a lost entry is not possible');
      lost.set(index, number);
    } else if (code >= SUBJECTS.length && code !== OTHER_SUBJECT_CODE) {
      throw new MalformedColumn('it has an unknown subject');
    }
  }
  lostNumbers.end();
  if (payloadLength !== payload.length || credentialLength !== credentials.length)
    throw new MalformedColumn('its payloads have another length than it says');
  const visit = (take: (entry: RoundEntry) => void) => {
    let at = 0;
    let credentialAt = 0;
    for (let index = 0; index < count; index++) {
      const end = at + (lengths[index] ?? 0);
      const credentialEnd = credentialAt + (credentialLengths?.[index] ?? 0);
      const code = codes[index] ?? 0;
      const number = code === LOST_CODE ? lost.get(index) : undefined;
      take({
        seq: seqs[index] ?? 0,
        atMs: times[index] ?? 0,
        subject: Math.min(code, SUBJECTS.length),
        credential:
          credentialEnd === credentialAt ? null : credentials.toString('latin1', credentialAt, credentialEnd),
        payload: payload.subarray(at, end),
        ...(number === undefined ? {} : { lost: number }),
      });
      at = end;
      credentialAt = credentialEnd;
    }
  };
  return { type: 'round', header, visit };
}

function readHeader(text: string): RoundHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MalformedColumn('its header is no JSON');
  }
  if (!isObject(json) || !isObject(json['ranges'])) throw new MalformedColumn('its header has no ranges');
  const ranges = Object.entries(json['ranges']);
  const [name, range] = ranges[0] ?? [];
  const source = name === undefined ? null : sourceOf(name);
  if (source === null || ranges.length !== 1 || !Array.isArray(range) || range.length !== 3)
    throw new MalformedColumn('its header has not exactly one range');
  const [first, from, to] = (range as unknown[]).map(whole);
  const { maker, away } = json;
  const count = whole(json['count']);
  const atMs = whole(json['atMs']);
  const behindMs = whole(json['behindMs']);
  if (typeof maker !== 'string' || typeof away !== 'boolean')
    throw new MalformedColumn('its header lacks a member');
  if (
    first === undefined ||
    from === undefined ||
    to === undefined ||
    first < 1 ||
    from < first - 1 ||
    to < from
  )
    throw new MalformedColumn('its range is not possible');
  if (count > ROUND_MESSAGES_MAX || count > to - from)
    throw new MalformedColumn('its number of entries is not possible');
  return { maker, source, first, from, to, count, atMs, behindMs, isAway: away };
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new MalformedColumn('a number in its header is not whole');
  return value;
}
