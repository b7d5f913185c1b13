// Collects the entries of one round in flat memory and encodes them (round.ts has the format). Entries are copied once,
// so that a message's own memory is free at once. It sends nothing.

import { constants, zstdCompressSync } from 'node:zlib';
import { ColumnWriter } from './round-columns.ts';
import {
  headerText,
  LOST_CODE,
  OTHER_SUBJECT_CODE,
  type Round,
  ROUND_CONTENT_BYTES_MAX,
  ROUND_MESSAGES_MAX,
  ROUND_VERSION,
  type RoundEntry,
  type RoundHeader,
  ZSTD_FLAG,
} from './round.ts';
import { SUBJECTS } from './vocabulary.ts';

/** What the writer of a round says about it; the writer knows the number of entries. */
export type RoundFacts = Omit<RoundHeader, 'count'>;

/** Entries take at most this many bytes of a round, so that header and numbers have room beside them. */
export const ENTRIES_BYTES_MAX = ROUND_CONTENT_BYTES_MAX / 2;
/** Memory for payloads at the beginning; it is doubled when it is full. */
const FIRST_BYTES = 65_536;
/** Content shorter than this stays as it is: compressing costs more than it saves. */
const COMPRESSED_FROM_BYTES = 512;
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Columns of a round, its header included. */
const COLUMNS = 9;
/** Numbers of an entry. */
const NUMBERS = 6;

/** Collects the entries of one round after another. */
export class RoundWriter {
  readonly #seqs: number[] = [];
  readonly #times: number[] = [];
  readonly #codes: number[] = [];
  /** Where the payload of each entry ends. */
  readonly #ends: number[] = [];
  /** By index of the entry. */
  readonly #credentials = new Map<number, string>();
  readonly #lost = new Map<number, number>();
  #credentialBytes = 0;
  #payload = Buffer.allocUnsafe(FIRST_BYTES);
  #payloadBytes = 0;

  /** Number of entries. */
  get count(): number {
    return this.#seqs.length;
  }

  /** Bytes of payloads and credentials. */
  get bytes(): number {
    return this.#payloadBytes + this.#credentialBytes;
  }

  /**
   * Adds an entry; sequences must ascend. Returns false if it has no room: after {@link ROUND_MESSAGES_MAX} entries or
   * {@link ENTRIES_BYTES_MAX} bytes. An empty writer has room for every message that is cut at the limit for messages.
   */
  add(seq: number, atMs: number, subject: number, credential: string | null, payload: Uint8Array): boolean {
    const credentialBytes = credential === null ? 0 : credential.length;
    if (!this.#hasRoom(payload.length + credentialBytes)) return false;
    const end = this.#payloadBytes + payload.length;
    if (end > this.#payload.length) this.#grow(end);
    this.#payload.set(payload, this.#payloadBytes);
    if (credential !== null && credentialBytes > 0) {
      this.#credentials.set(this.#seqs.length, credential);
      this.#credentialBytes += credentialBytes;
    }
    this.#push(seq, atMs, subject < SUBJECTS.length ? subject : OTHER_SUBJECT_CODE, end);
    return true;
  }

  /** Adds an entry for `lost` sequences that the stream no longer holds, of which `seq` is the last. */
  addLost(seq: number, atMs: number, lost: number): boolean {
    if (!this.#hasRoom(0)) return false;
    this.#lost.set(this.#seqs.length, lost);
    this.#push(seq, atMs, LOST_CODE, this.#payloadBytes);
    return true;
  }

  /** Removes all entries. */
  clear(): void {
    for (const column of [this.#seqs, this.#times, this.#codes, this.#ends]) column.length = 0;
    this.#credentials.clear();
    this.#lost.clear();
    this.#credentialBytes = 0;
    this.#payloadBytes = 0;
  }

  /** The sequence of the entry at this index; null beyond the last. */
  seqAt(index: number): number | null {
    return this.#seqs[index] ?? null;
  }

  /** The time of the entry at this index; null beyond the last. */
  timeAt(index: number): number | null {
    return this.#times[index] ?? null;
  }

  /** Encodes a round of the entries from index `begin` to index `end` (excluded). */
  encode(facts: RoundFacts, begin = 0, end = this.count): Uint8Array {
    const count = end - begin;
    const header = Buffer.from(headerText({ ...facts, count }), 'utf8');
    const payloadFrom = begin === 0 ? 0 : (this.#ends[begin - 1] ?? 0);
    const payloadTo = count === 0 ? payloadFrom : (this.#ends[end - 1] ?? 0);
    const payload = this.#payload.subarray(payloadFrom, payloadTo);
    const room = ColumnWriter.room(
      COLUMNS,
      count * NUMBERS,
      header.length + payload.length + this.#credentialBytes,
    );
    const whole = Buffer.allocUnsafe(2 + room);
    const columns = new ColumnWriter(whole, 2);
    columns.begin();
    columns.bytes(header);
    columns.end();
    this.#writeNumbers(columns, facts, begin, end, payloadFrom);
    this.#writeRare(columns, begin, end);
    columns.begin();
    columns.bytes(payload);
    columns.end();
    return packed(whole.subarray(0, columns.position));
  }

  /** The columns that every entry has a value in. */
  #writeNumbers(
    columns: ColumnWriter,
    { from, atMs }: RoundFacts,
    begin: number,
    end: number,
    payloadFrom: number,
  ): void {
    columns.begin();
    for (let index = begin, last = from; index < end; index++) {
      const seq = this.#seqs[index] ?? 0;
      columns.number(seq - last);
      last = seq;
    }
    columns.end();
    columns.begin();
    for (let index = begin, last = atMs; index < end; index++) {
      const time = this.#times[index] ?? 0;
      columns.signed(time - last);
      last = time;
    }
    columns.end();
    columns.begin();
    for (let index = begin, last = payloadFrom; index < end; index++) {
      const to = this.#ends[index] ?? 0;
      columns.number(to - last);
      last = to;
    }
    columns.end();
    columns.begin();
    for (let index = begin; index < end; index++) columns.byte(this.#codes[index] ?? 0);
    columns.end();
  }

  /** The columns of what few entries have: lengths of credentials, numbers of lost sequences, credentials. */
  #writeRare(columns: ColumnWriter, begin: number, end: number): void {
    const credentials: string[] = [];
    columns.begin();
    if (this.#credentials.size > 0) {
      for (let index = begin; index < end; index++) {
        const credential = this.#credentials.get(index) ?? '';
        columns.number(credential.length);
        if (credential !== '') credentials.push(credential);
      }
    }
    columns.end();
    columns.begin();
    for (const [index, lost] of this.#lost) if (index >= begin && index < end) columns.number(lost);
    columns.end();
    columns.begin();
    for (const credential of credentials) columns.latin1(credential);
    columns.end();
  }

  #hasRoom(bytes: number): boolean {
    return this.#seqs.length < ROUND_MESSAGES_MAX && this.bytes + bytes <= ENTRIES_BYTES_MAX;
  }

  #push(seq: number, atMs: number, code: number, end: number): void {
    this.#seqs.push(seq);
    this.#times.push(atMs);
    this.#codes.push(code);
    this.#ends.push(end);
    this.#payloadBytes = end;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#payload.length));
    larger.set(this.#payload.subarray(0, this.#payloadBytes));
    this.#payload = larger;
  }
}

/** Encodes a round of plain data. Throws a `RangeError` if it has too many entries or bytes. */
export function encodeRound({ header, entries }: Round): Uint8Array {
  const writer = new RoundWriter();
  for (const entry of entries) if (!addTo(writer, entry)) throw new RangeError('the round is too large');
  return writer.encode(header);
}

function addTo(writer: RoundWriter, { seq, atMs, subject, credential, payload, lost }: RoundEntry): boolean {
  return lost === undefined
    ? writer.add(seq, atMs, subject, credential, payload)
    : writer.addLost(seq, atMs, lost);
}

/** Sets version and flags in front of the content, and compresses the content if that makes it shorter. */
function packed(whole: Buffer): Uint8Array {
  whole[0] = ROUND_VERSION;
  whole[1] = 0;
  if (whole.length < COMPRESSED_FROM_BYTES) return whole;
  const content = zstdCompressSync(whole.subarray(2), ZSTD);
  if (content.length + 2 >= whole.length) return whole;
  return Buffer.concat([Buffer.of(ROUND_VERSION, ZSTD_FLAG), content]);
}
