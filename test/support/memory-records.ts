// The records of one stream in memory, for the rules of what reads and writes them. A test can take the broker away, and
// can lose an answer after the record was written.

import { RecordConflict, type RecordStream, type StoredRecord } from '../../src/io/record-stream.ts';

export class MemoryRecords implements RecordStream {
  readonly #records = new Map<string, StoredRecord>();
  readonly #nowMs: () => number;
  #seq = 0;
  /** True while the broker does not answer: every request fails. */
  isAway = false;
  /** True: the next write is stored, but its answer is lost. */
  losesNextAnswer = false;
  writes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async read(subject: string): Promise<StoredRecord | null> {
    if (this.isAway) throw new Error('timeout');
    return this.#records.get(subject) ?? null;
  }

  async write(subject: string, text: string, expectedSeq: number | null): Promise<number> {
    if (this.isAway) throw new Error('timeout');
    const stands = this.#records.get(subject)?.seq ?? 0;
    if (expectedSeq !== null && expectedSeq !== stands) throw new RecordConflict('conflict');
    this.#seq += 1;
    this.writes += 1;
    this.#records.set(subject, { seq: this.#seq, text, atMs: this.#nowMs() });
    if (this.losesNextAnswer) {
      this.losesNextAnswer = false;
      throw new Error('timeout');
    }
    return this.#seq;
  }

  /** Deletes the stream and makes it anew. */
  clear(): void {
    this.#records.clear();
    this.#seq = 0;
  }
}
