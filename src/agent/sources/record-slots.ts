// Holds the few texts that are kept of one record, in memory of constant size.

import {
  ITEM_MEMBERS,
  type ItemMember,
  RECORD_LEVELS,
  RECORD_MEMBERS,
  type RecordLevel,
  type RecordMember,
  type SparseRecord,
} from '../domain/event-record.ts';
import { KEPT_BYTES_MAX, type KeptText } from './kept-text.ts';

const MEMBERS: readonly string[] = [...RECORD_MEMBERS, ...ITEM_MEMBERS];
const LEVELS = RECORD_LEVELS.length;
/** Objects of a record: the levels, then `lineItem[0]` of each. */
const OBJECTS = LEVELS * 2;
const ABSENT = -1;

const LEVEL_INDEX = indexOf(RECORD_LEVELS);
const MEMBER_INDEX = indexOf(MEMBERS);

/** Number of members that are kept of each object; their indexes are below it. */
export const KEPT_MEMBERS = MEMBERS.length;
/** Their names, by index. */
export const KEPT_MEMBER_NAMES: readonly string[] = MEMBERS;

/** The index of `lineItem[0]` of the level with this index. */
export function itemOf(level: number): number {
  return level + LEVELS;
}

/** One record after another. Objects are given by their index: a level's index in `RECORD_LEVELS`, or {@link itemOf} it. */
export class RecordSlots implements SparseRecord {
  isObject = false;

  readonly #bytes = Buffer.alloc(OBJECTS * KEPT_MEMBERS * KEPT_BYTES_MAX);
  readonly #lengths = new Int16Array(OBJECTS * KEPT_MEMBERS).fill(ABSENT);
  readonly #isThere = new Uint8Array(OBJECTS);

  /** Begins an empty record. */
  begin(isObject: boolean): void {
    this.isObject = isObject;
    for (let object = 0; object < OBJECTS; object += 1) if (this.#isThere[object] === 1) this.drop(object);
  }

  /** The object is there. Its texts are added next. */
  enter(object: number): void {
    this.#isThere[object] = 1;
  }

  /** The object is not there: it was of another kind, or a later member of the same name replaces it. */
  drop(object: number): void {
    this.#isThere[object] = 0;
    this.#lengths.fill(ABSENT, object * KEPT_MEMBERS, (object + 1) * KEPT_MEMBERS);
  }

  /** Sets the text of a member; a text that was not kept makes it absent. */
  set(object: number, member: number, text: KeptText | null): void {
    const slot = object * KEPT_MEMBERS + member;
    const length = text?.length ?? ABSENT;
    this.#lengths[slot] = length;
    const start = slot * KEPT_BYTES_MAX;
    if (text !== null) for (let at = 0; at < length; at += 1) this.#bytes[start + at] = text.bytes[at] ?? 0;
  }

  has(level: RecordLevel): boolean {
    return this.#isThere[indexIn(LEVEL_INDEX, level)] === 1;
  }

  hasItem(level: RecordLevel): boolean {
    return this.#isThere[itemOf(indexIn(LEVEL_INDEX, level))] === 1;
  }

  text(level: RecordLevel, member: RecordMember): string | null {
    return this.#textOf(indexIn(LEVEL_INDEX, level), member);
  }

  itemText(level: RecordLevel, member: ItemMember): string | null {
    return this.#textOf(itemOf(indexIn(LEVEL_INDEX, level)), member);
  }

  #textOf(object: number, member: string): string | null {
    const slot = object * KEPT_MEMBERS + indexIn(MEMBER_INDEX, member);
    const length = this.#lengths[slot] ?? ABSENT;
    const start = slot * KEPT_BYTES_MAX;
    return length < 0 ? null : this.#bytes.toString('utf8', start, start + length);
  }
}

function indexOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name, index]));
}

function indexIn(indexes: ReadonlyMap<string, number>, name: string): number {
  return indexes.get(name) ?? 0;
}
