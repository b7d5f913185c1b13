// A batch of raw messages on its way from the source thread to the writer: one block of payload bytes and five numbers
// per message, in memory that both threads share. The receiving thread alone uses it until it gives the batch back;
// then the source fills it again. Transferred buffers would count towards garbage collection in both threads: at 3,000
// messages a second the collector then takes more time than everything else (bench/nodes.ts).

import { isAscii } from 'node:buffer';
import { SUBJECTS } from '../domain/vocabulary.ts';

/**
 * The value of {@link BatchMessage.subject} for sequences that an input stream no longer held, in batches from the log of
 * a partition: `seq` is the last of them, and the payload is their number in decimal digits.
 */
export const LOST = SUBJECTS.length + 1;
/** The same for the beginning of a round: the payload is JSON of `RoundHeader`, `seq` the round's sequence in the log. */
export const ROUND_BEGINS = SUBJECTS.length + 2;
/** The same for the end of a round, without a payload. A round that the source reads again may have no end. */
export const ROUND_ENDS = SUBJECTS.length + 3;

/** Number of values stored per message. */
const FIELDS = 5;
/**
 * The length of a credential is stored together with the subject, multiplied by this: almost no message has a
 * credential.
 */
const CREDENTIAL_STEP = 16;
/** Number of bytes that are decoded to text at once. */
const TEXT_BYTES = 65_536;

/** Plain data; `count` is the number of messages. */
export interface Batch {
  readonly payload: SharedArrayBuffer | ArrayBuffer;
  readonly numbers: SharedArrayBuffer | ArrayBuffer;
  count: number;
  payloadBytes: number;
}

/** One message of a batch: a view into the batch, valid until the batch is given back. */
export interface BatchMessage {
  /** Index into `SUBJECTS`, or one past it. */
  readonly subject: number;
  /** The payload; an over-long message is cut after the first byte beyond the limit. */
  readonly payload: Uint8Array;
  readonly atMs: number;
  /** Sequence in the stream; null on plain NATS. */
  readonly seq: number | null;
  /** The observed clock when the message was read. */
  readonly observedMs: number;
  /** The credential in its headers (src/federation/domain/message-signature.ts), ASCII; null without such headers. */
  readonly credential?: string | null;
  /** The payload as text, if it is already decoded. */
  readonly text?: string | null;
}

/** Makes an empty batch in shared memory. */
export function createBatch(messagesMax: number, payloadBytesMax: number): Batch {
  return {
    payload: new SharedArrayBuffer(payloadBytesMax),
    numbers: new SharedArrayBuffer(messagesMax * FIELDS * Float64Array.BYTES_PER_ELEMENT),
    count: 0,
    payloadBytes: 0,
  };
}

/** Makes a batch for a single thread. `payload.resize(0)` frees its memory at once, without the garbage collector. */
export function createBlock(
  messagesMax: number,
  payloadBytesMax: number,
): Batch & { readonly payload: ArrayBuffer } {
  return {
    payload: new ArrayBuffer(payloadBytesMax, { maxByteLength: payloadBytesMax }),
    numbers: new ArrayBuffer(messagesMax * FIELDS * Float64Array.BYTES_PER_ELEMENT),
    count: 0,
    payloadBytes: 0,
  };
}

/** Fills one batch. */
export class BatchFiller {
  readonly batch: Batch;
  readonly #payload: Uint8Array;
  readonly #numbers: Float64Array;
  readonly #messagesMax: number;

  constructor(batch: Batch) {
    this.batch = batch;
    batch.count = 0;
    batch.payloadBytes = 0;
    this.#payload = new Uint8Array(batch.payload);
    this.#numbers = new Float64Array(batch.numbers);
    this.#messagesMax = this.#numbers.length / FIELDS;
  }

  /** Returns false if the batch has no room for the message. */
  add(message: BatchMessage): boolean {
    const { batch } = this;
    const { credential = null } = message;
    const { length } = message.payload;
    const credentialLength = credential === null ? 0 : credential.length;
    const end = batch.payloadBytes + length + credentialLength;
    if (batch.count >= this.#messagesMax || end > this.#payload.length) return false;
    this.#payload.set(message.payload, batch.payloadBytes);
    if (credential !== null)
      this.#payload.set(Buffer.from(credential, 'latin1'), batch.payloadBytes + length);
    const at = batch.count * FIELDS;
    this.#numbers[at] = length;
    this.#numbers[at + 1] = message.subject + credentialLength * CREDENTIAL_STEP;
    this.#numbers[at + 2] = message.atMs;
    this.#numbers[at + 3] = message.seq ?? -1;
    this.#numbers[at + 4] = message.observedMs;
    batch.count++;
    batch.payloadBytes = end;
    return true;
  }
}

/** Reads the messages of a batch in the order in which they were added, even while it is being filled. */
export class BatchReader {
  readonly #batch: Batch;
  readonly #payload: Buffer;
  readonly #numbers: Float64Array;
  #read = 0;
  #offset = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#payload = Buffer.from(batch.payload);
    this.#numbers = new Float64Array(batch.numbers);
  }

  /** Returns the next message; null after the last. */
  read(): (BatchMessage & { text: string | null }) | null {
    if (this.#read >= this.#batch.count) return null;
    const numbers = this.#numbers;
    const at = this.#read++ * FIELDS;
    const end = this.#offset + (numbers[at] ?? 0);
    const seq = numbers[at + 3] ?? -1;
    const subject = numbers[at + 1] ?? 0;
    const credentialLength = subject < CREDENTIAL_STEP ? 0 : Math.floor(subject / CREDENTIAL_STEP);
    const message = {
      subject: subject % CREDENTIAL_STEP,
      payload: this.#payload.subarray(this.#offset, end),
      atMs: numbers[at + 2] ?? 0,
      seq: seq < 0 ? null : seq,
      observedMs: numbers[at + 4] ?? 0,
      credential:
        credentialLength === 0 ? null : this.#payload.toString('latin1', end, end + credentialLength),
      text: null,
    };
    this.#offset = end + credentialLength;
    return message;
  }
}

/** Visits the messages of a batch in the order in which they were added, with their text if it is ASCII. */
export function readBatch(batch: Batch, visit: (message: BatchMessage) => void): void {
  const reader = new BatchReader(batch);
  const texts = new AsciiTexts(Buffer.from(batch.payload, 0, batch.payloadBytes));
  for (let next = reader.read(); next !== null; next = reader.read()) {
    next.text = texts.of(next.payload);
    visit(next);
  }
}

/** Decodes the texts of one batch, many messages at once, because the call costs more than the bytes. */
class AsciiTexts {
  readonly #bytes: Buffer;
  #from = 0;
  #to = 0;
  #text: string | null = null;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Returns the text; null if the decoded part has a byte that is not ASCII. The caller must ask in ascending order.
   */
  of({ byteOffset, length }: Uint8Array): string | null {
    const end = byteOffset + length;
    if (end > this.#to) {
      this.#from = byteOffset;
      this.#to = Math.max(end, Math.min(byteOffset + TEXT_BYTES, this.#bytes.length));
      const part = this.#bytes.subarray(this.#from, this.#to);
      this.#text = isAscii(part) ? part.toString('latin1') : null;
    }
    return this.#text === null ? null : this.#text.slice(byteOffset - this.#from, end - this.#from);
  }
}
