// The bytes of questions between the processes of a cluster, and of their answers: JSON with a version, compressed when it
// is long. Reading is strict. This file sends nothing.

import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompressSync } from 'node:zlib';
import { isObject } from '../../lib/is-object.ts';
import {
  type DigestAnswer,
  type DigestRequest,
  readDigestAnswer,
  readDigestRequest,
} from '../domain/digests.ts';
import {
  type PartialStatistics,
  type PlacesPartial,
  readPartial,
  readPlacesPartial,
} from '../domain/partial.ts';

/** The questions to the replicas of a partition. */
export type AskQuestion =
  /** The counts for a tick at `nowMs`. A replica whose progress is below `floor` refuses. */
  | { readonly type: 'partial'; readonly nowMs: number; readonly floor: number }
  /** The exact places of the active nodes. */
  | { readonly type: 'places' }
  /** Digests of rows, to compare replicas. */
  | { readonly type: 'digests'; readonly request: DigestRequest };

/** Why a replica does not answer a question. */
export const ASK_REFUSALS = ['starting', 'catching_up', 'busy', 'floor', 'too_large', 'failed'] as const;
/** One of {@link ASK_REFUSALS}. */
export type AskRefusal = (typeof ASK_REFUSALS)[number];

/**
 * What became of a question at the replica that was asked; `unreadable`: it is none of this version. `ignored`: at the
 * process that asked, an answer that is none of this version.
 */
export const ASK_OUTCOMES = ['answered', ...ASK_REFUSALS, 'unreadable', 'ignored'] as const;
/** One of {@link ASK_OUTCOMES}. */
export type AskOutcome = (typeof ASK_OUTCOMES)[number];

/** What a replica says to a question. */
export type AskReply = {
  readonly replica: string;
  /** A random id of the process. */
  readonly process: string;
} & (
  | { readonly type: 'partial'; readonly partial: PartialStatistics }
  | { readonly type: 'places'; readonly places: PlacesPartial }
  | { readonly type: 'digests'; readonly digests: DigestAnswer }
  | { readonly type: 'refused'; readonly reason: AskRefusal }
);

/** The version of both forms. Another version is not read. */
const VERSION = 1;
/** Maximum length of a question, in bytes. */
export const ASK_QUESTION_BYTES_MAX = 1_024;
/** Maximum length of the JSON of an answer, in bytes. */
export const ASK_ANSWER_BYTES_MAX = 16_777_216;
/** An answer longer than this is compressed, in bytes. */
const PACKED_ABOVE_BYTES = 262_144;
/** The first bytes of everything that zstd compressed. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ZSTD_LEVEL = 1;

const compress = promisify(zstdCompress);

/** The bytes of a question. */
export function encodeQuestion(question: AskQuestion): Uint8Array {
  return Buffer.from(JSON.stringify({ version: VERSION, ...question }));
}

/** Reads a question; null if it is none of this version. */
export function decodeQuestion(bytes: Uint8Array): AskQuestion | null {
  if (bytes.length > ASK_QUESTION_BYTES_MAX) return null;
  const value = parsed(Buffer.from(bytes));
  if (value?.['version'] !== VERSION) return null;
  const { type, nowMs, floor } = value;
  if (type === 'places') return { type };
  if (type === 'digests') {
    const request = readDigestRequest(value['request']);
    return request === null ? null : { type, request };
  }
  return type === 'partial' && isWhole(nowMs) && isWhole(floor) ? { type, nowMs, floor } : null;
}

/** The bytes of an answer, compressed if they are many. The compression runs in Node's thread pool. */
export async function encodeReply(reply: AskReply): Promise<Uint8Array> {
  const bytes = Buffer.from(JSON.stringify({ version: VERSION, ...reply }));
  if (bytes.length <= PACKED_ABOVE_BYTES) return bytes;
  return compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
}

/** Reads an answer; null if it is none of this version. Never throws. */
export function decodeReply(bytes: Uint8Array): AskReply | null {
  const unpacked = unpack(Buffer.from(bytes));
  const value = unpacked === null ? null : parsed(unpacked);
  if (value?.['version'] !== VERSION) return null;
  const { replica, process, type } = value;
  if (typeof replica !== 'string' || typeof process !== 'string') return null;
  if (type === 'partial') {
    const partial = readPartial(value['partial']);
    return partial === null ? null : { replica, process, type, partial };
  }
  if (type === 'places') {
    const places = readPlacesPartial(value['places']);
    return places === null ? null : { replica, process, type, places };
  }
  if (type === 'digests') {
    const digests = readDigestAnswer(value['digests']);
    return digests === null ? null : { replica, process, type, digests };
  }
  const reason = ASK_REFUSALS.find((known) => known === value['reason']);
  return type === 'refused' && reason !== undefined ? { replica, process, type, reason } : null;
}

function unpack(bytes: Buffer): Buffer | null {
  if (!bytes.subarray(0, ZSTD_MAGIC.length).equals(ZSTD_MAGIC)) return bytes;
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: ASK_ANSWER_BYTES_MAX });
  } catch {
    return null;
  }
}

function parsed(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
