// Tells which member of an event file a name in UTF-8 is, without making a string of it.

import type { KeptText } from './kept-text.ts';
import { KEPT_MEMBER_NAMES } from './record-slots.ts';

/** Not a member that matters. */
export const OTHER_MEMBER = -1;
/** `records`, of the document. */
export const RECORDS = KEPT_MEMBER_NAMES.length;
/** `payload`, of a record. */
export const PAYLOAD = RECORDS + 1;
/** `message`, of a record or its payload. */
export const MESSAGE = RECORDS + 2;
/** `lineItem`, of a record, its payload or a message. */
export const LINE_ITEM = RECORDS + 3;

interface Name {
  readonly bytes: Uint8Array;
  readonly member: number;
}

const NAMES = [...KEPT_MEMBER_NAMES, 'records', 'payload', 'message', 'lineItem'];
/** The names, by their length. */
const BY_LENGTH: readonly (readonly Name[])[] = Array.from(
  { length: Math.max(...NAMES.map(({ length }) => length)) + 1 },
  (_, length) =>
    NAMES.flatMap((name, member) => (name.length === length ? [{ bytes: Buffer.from(name), member }] : [])),
);

/** The member: below `KEPT_MEMBERS` the index of one whose text is kept, else one of the constants above. */
export function memberOf(name: KeptText): number {
  for (const { bytes, member } of BY_LENGTH[name.length] ?? []) if (isEqual(bytes, name.bytes)) return member;
  return OTHER_MEMBER;
}

function isEqual(bytes: Uint8Array, others: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== others[at]) return false;
  return true;
}
