// Finds the records of an event file in chunks of any length: those of `{"records":[…]}`, whose other members it skips,
// or of a bare array. Of a record it keeps the few texts that docs/agent.md#sources names, each up to KEPT_BYTES_MAX
// bytes; a longer one counts as absent. Its memory depends neither on the file nor on a record.

import { RECORD_LEVELS, type SparseRecord } from '../domain/event-record.ts';
import type { JsonListener } from './json-listener.ts';
import { JsonTokens } from './json-tokens.ts';
import { LINE_ITEM, MESSAGE, memberOf, OTHER_MEMBER, PAYLOAD, RECORDS } from './member-names.ts';
import { itemOf, KEPT_MEMBERS, RecordSlots } from './record-slots.ts';

/** The document of an event file: `{"records":[…]}` or a bare array. */
export type DocumentForm = 'object' | 'array';

/** A place behind a record, from which reading can go on. */
export interface RecordPlace {
  readonly form: DocumentForm;
  /** Bytes from the beginning of the file. */
  readonly offset: number;
}

const RECORD = RECORD_LEVELS.indexOf('record');
const PAYLOAD_LEVEL = RECORD_LEVELS.indexOf('payload');
const MESSAGE_LEVEL = RECORD_LEVELS.indexOf('message');
const PAYLOAD_MESSAGE = RECORD_LEVELS.indexOf('payloadMessage');

// The container that is open. Below FIRST_ITEM it is an object of a record, by its index in RecordSlots.
const ITEMS = RECORD_LEVELS.length * 2;
const DOCUMENT = ITEMS + RECORD_LEVELS.length;
const RECORD_LIST = DOCUMENT + 1;
const NOTHING = DOCUMENT + 2;
const SKIPPED = DOCUMENT + 3;

/** Scans one document, from its beginning or from a place behind a record. */
export class JsonScanner implements JsonListener {
  readonly #onRecord: (record: SparseRecord) => void;
  readonly #tokens: JsonTokens;
  readonly #record = new RecordSlots();
  /** The containers that are open, without skipped ones: at most document, records, record, payload, message, items, item. */
  readonly #open: number[] = [];
  #inside = NOTHING;
  /** Levels of a container in which nothing is to be read. */
  #skippedLevels = 0;
  #member = OTHER_MEMBER;
  /** Elements of the `lineItem` that is open, so far. */
  #items = 0;
  #form: DocumentForm = 'array';
  #recordsEnd = 0;

  /**
   * `onRecord` is called at the end of each record, with an object that is used for the next one too. `place`: the chunks
   * begin there.
   */
  constructor(onRecord: (record: SparseRecord) => void, place: RecordPlace | null = null) {
    this.#onRecord = onRecord;
    if (place === null) {
      this.#tokens = new JsonTokens(this);
      return;
    }
    this.#tokens = new JsonTokens(
      this,
      place.offset,
      place.form === 'object' ? ['object', 'array'] : ['array'],
    );
    this.#form = place.form;
    this.#recordsEnd = place.offset;
    if (place.form === 'object') this.#open.push(NOTHING, DOCUMENT);
    else this.#open.push(NOTHING);
    this.#enter(RECORD_LIST);
  }

  /** The place behind the last complete record; null if there is none yet. */
  get place(): RecordPlace | null {
    return this.#recordsEnd === 0 ? null : { form: this.#form, offset: this.#recordsEnd };
  }

  /** True if the document has ended. False at the end of the file means that the rest of it is still to come. */
  get isDone(): boolean {
    return this.#tokens.isDone;
  }

  /** Where the file is no JSON, or no document of records, in bytes; null if all is well so far. */
  get damagedAt(): number | null {
    return this.#tokens.isDamaged ? this.#tokens.offset : null;
  }

  /** Scans the chunk's bytes from index `from` to before `to`. Behind damage it does nothing. */
  push(chunk: Uint8Array, from = 0, to = chunk.length): void {
    this.#tokens.push(chunk, from, to);
  }

  opened(isObject: boolean): void {
    if (this.#skippedLevels > 0) {
      this.#skippedLevels += 1;
      return;
    }
    const container = this.#containerOf(isObject);
    if (container === SKIPPED) {
      this.#skippedLevels = 1;
      this.#tokens.keepsNames = false;
      return;
    }
    this.#open.push(this.#inside);
    this.#enter(container);
  }

  closed(): void {
    if (this.#skippedLevels > 0) {
      this.#skippedLevels -= 1;
      if (this.#skippedLevels > 0) return;
      this.#tokens.keepsNames = true;
      if (this.#inside === RECORD_LIST) this.#endRecord();
      return;
    }
    const ended = this.#inside;
    this.#inside = this.#open.pop() ?? NOTHING;
    this.#tokens.keepsNames = true;
    if (ended === RECORD) this.#endRecord();
  }

  named(): void {
    const inside = this.#inside;
    const member = memberOf(this.#tokens.text);
    this.#member = member;
    if (member === OTHER_MEMBER || inside >= ITEMS) return;
    if (member < KEPT_MEMBERS) {
      this.#tokens.keepsScalar = true;
      return;
    }
    // A later member of the same name replaces the earlier one, whatever it is.
    if (member === PAYLOAD && inside === RECORD) {
      this.#drop(PAYLOAD_LEVEL);
      this.#drop(PAYLOAD_MESSAGE);
    } else if (member === MESSAGE && inside === RECORD) this.#drop(MESSAGE_LEVEL);
    else if (member === MESSAGE && inside === PAYLOAD_LEVEL) this.#drop(PAYLOAD_MESSAGE);
    else if (member === LINE_ITEM && inside < RECORD_LEVELS.length) this.#record.drop(itemOf(inside));
  }

  scalar(): void {
    if (this.#skippedLevels > 0) return;
    const inside = this.#inside;
    if (inside < ITEMS) {
      if (this.#member >= 0 && this.#member < KEPT_MEMBERS)
        this.#record.set(inside, this.#member, this.#tokens.text);
    } else if (inside < DOCUMENT) this.#items += 1;
    else if (inside === RECORD_LIST) {
      this.#record.begin(false);
      this.#endRecord();
    } else if (inside === NOTHING) this.#tokens.refuse();
  }

  #enter(container: number): void {
    this.#inside = container;
    this.#member = OTHER_MEMBER;
    this.#tokens.keepsNames = container < ITEMS || container === DOCUMENT;
  }

  #drop(level: number): void {
    this.#record.drop(level);
    this.#record.drop(itemOf(level));
  }

  #endRecord(): void {
    this.#recordsEnd = this.#tokens.offset;
    this.#onRecord(this.#record);
  }

  /** What the object or array that begins is. */
  #containerOf(isObject: boolean): number {
    const inside = this.#inside;
    if (inside < ITEMS) return this.#containerInRecord(inside, isObject);
    if (inside < DOCUMENT) {
      this.#items += 1;
      if (!isObject || this.#items > 1) return SKIPPED;
      return this.#enterObject(itemOf(inside - ITEMS));
    }
    if (inside === RECORD_LIST) {
      this.#record.begin(isObject);
      return isObject ? this.#enterObject(RECORD) : SKIPPED;
    }
    if (inside === DOCUMENT) return this.#member === RECORDS && !isObject ? RECORD_LIST : SKIPPED;
    this.#form = isObject ? 'object' : 'array';
    return isObject ? DOCUMENT : RECORD_LIST;
  }

  #containerInRecord(inside: number, isObject: boolean): number {
    const member = this.#member;
    if (member < 0 || inside >= RECORD_LEVELS.length) return this.#skipMember(inside, member);
    if (isObject && member === PAYLOAD && inside === RECORD) return this.#enterObject(PAYLOAD_LEVEL);
    if (isObject && member === MESSAGE && inside === RECORD) return this.#enterObject(MESSAGE_LEVEL);
    if (isObject && member === MESSAGE && inside === PAYLOAD_LEVEL) return this.#enterObject(PAYLOAD_MESSAGE);
    if (!isObject && member === LINE_ITEM) {
      this.#items = 0;
      return ITEMS + inside;
    }
    return this.#skipMember(inside, member);
  }

  #skipMember(inside: number, member: number): number {
    if (member >= 0 && member < KEPT_MEMBERS) this.#record.set(inside, member, null);
    return SKIPPED;
  }

  #enterObject(object: number): number {
    this.#record.enter(object);
    return object;
  }
}
