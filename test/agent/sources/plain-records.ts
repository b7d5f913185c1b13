// Reads an event file in the plainest way: JSON.parse of the whole text. The scanner must find the same.

import {
  type ItemMember,
  type RecordLevel,
  type RecordMember,
  readRecord,
  type SparseRecord,
} from '../../../src/agent/domain/event-record.ts';
import type { SourceFact, UnreadReason } from '../../../src/agent/domain/source-facts.ts';
import { JsonScanner, type RecordPlace } from '../../../src/agent/sources/json-scanner.ts';

/** A number, by its digits as written. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Plain = Readonly<Record<string, unknown>>;

/** A record as JSON.parse with {@link digitsKept} gives it. */
export class PlainRecord implements SparseRecord {
  readonly isObject: boolean;
  readonly #levels: Readonly<Record<RecordLevel, Plain | null>>;

  constructor(value: unknown) {
    const record = objectOf(value);
    const payload = objectOf(record?.['payload']);
    this.isObject = record !== null;
    this.#levels = {
      record,
      payload,
      message: objectOf(record?.['message']),
      payloadMessage: objectOf(payload?.['message']),
    };
  }

  has(level: RecordLevel): boolean {
    return this.#levels[level] !== null;
  }

  text(level: RecordLevel, member: RecordMember): string | null {
    return textOf(this.#levels[level]?.[member]);
  }

  hasItem(level: RecordLevel): boolean {
    return this.#item(level) !== null;
  }

  itemText(level: RecordLevel, member: ItemMember): string | null {
    return textOf(this.#item(level)?.[member]);
  }

  #item(level: RecordLevel): Plain | null {
    const items = this.#levels[level]?.['lineItem'];
    return Array.isArray(items) ? objectOf(items[0]) : null;
  }
}

/** JSON.parse that keeps the digits of numbers. */
export function digitsKept(text: string): unknown {
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value,
  );
}

/** What each record of the document says, in their order. */
export function plainResults(text: string): readonly (SourceFact | UnreadReason)[] {
  const document = digitsKept(text);
  const records = Array.isArray(document) ? document : objectOf(document)?.['records'];
  return Array.isArray(records) ? records.map((record) => readRecord(new PlainRecord(record))) : [];
}

/** What a scan found. */
export interface Scan {
  readonly results: readonly (SourceFact | UnreadReason)[];
  /** The scanner's place behind each record. */
  readonly places: readonly (RecordPlace | null)[];
  readonly isDone: boolean;
  readonly damagedAt: number | null;
}

/** Scans the bytes in chunks of the given lengths, the last of which repeats. */
export function scan(bytes: Uint8Array, lengths: readonly number[], place: RecordPlace | null = null): Scan {
  const results: (SourceFact | UnreadReason)[] = [];
  const places: (RecordPlace | null)[] = [];
  const scanner = new JsonScanner((record) => {
    results.push(readRecord(record));
    places.push(scanner.place);
  }, place);
  let at = place?.offset ?? 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const length = Math.max(1, lengths[Math.min(index, lengths.length - 1)] ?? 1);
    scanner.push(bytes, at, Math.min(at + length, bytes.length));
    at += length;
  }
  return { results, places, isDone: scanner.isDone, damagedAt: scanner.damagedAt };
}

function objectOf(value: unknown): Plain | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits)
    ? (value as Plain)
    : null;
}

function textOf(value: unknown): string | null {
  const text = value instanceof Digits ? value.text : typeof value === 'string' ? value.toWellFormed() : null;
  return text === null || Buffer.byteLength(text) > 512 ? null : text;
}
