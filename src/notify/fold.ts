// Folds the notices of a span of time into one message: one sentence for all subjects to which the same happened. What it
// keeps is bounded, however many notices come. It knows no receiver and no clock.

import { oneLine } from '../lib/plain-text.ts';
import { type Message, messageOf, type Notice, SEVERITIES, type Trouble } from './notice.ts';

/** Troubles that are counted one by one in a message; notices of further ones are only counted. */
export const FOLDED_TROUBLES_MAX = 10_000;
/** Names in one sentence. */
const NAMES_SHOWN = 10;
/** Characters of a name in a sentence. */
const NAME_CHARACTERS_SHOWN = 80;

interface Kept {
  first: Notice;
  last: Notice;
  count: number;
  /** Sum of `details.count`, if each notice had one. */
  sum: number | null;
}

/** Troubles to which the same happened. */
interface Group {
  readonly way: 'once' | 'pair' | 'often' | 'again';
  readonly members: Kept[];
}

/** The notices since the last message. */
export class Fold {
  readonly #kept = new Map<string, Kept>();
  #told = 0;
  #others = 0;

  /** Number of notices that wait. */
  get waiting(): number {
    return this.#told;
  }

  /** Adds a notice; there is always room, so it returns true. */
  add(notice: Notice): true {
    this.#told += 1;
    const key = `${notice.topic ?? notice.kind}\n${notice.subject ?? ''}`;
    const kept = this.#kept.get(key);
    const count = countOf(notice);
    if (kept !== undefined) {
      kept.last = notice;
      kept.count += 1;
      kept.sum = kept.sum === null || count === null ? null : kept.sum + count;
    } else if (this.#kept.size < FOLDED_TROUBLES_MAX) {
      this.#kept.set(key, { first: notice, last: notice, count: 1, sum: count });
    } else this.#others += 1;
    return true;
  }

  /** Takes everything as one message; null if nothing waits. `lost` is the number of notices that were dropped before. */
  take(lost: number): Message | null {
    const troubles = [...this.#kept.values()];
    const [told, others] = [this.#told, this.#others];
    this.#kept.clear();
    this.#told = 0;
    this.#others = 0;
    const only = troubles[0];
    if (only === undefined) return null;
    if (told === 1 && lost === 0) return messageOf(only.last);
    return { troubles: troubles satisfies readonly Trouble[], lines: linesOf(troubles, others, lost), told };
  }
}

function linesOf(troubles: readonly Kept[], others: number, lost: number): readonly string[] {
  const groups = new Map<string, Group>();
  for (const kept of troubles) {
    const way = wayOf(kept);
    const { first, last } = kept;
    const key = [way, way === 'pair' ? first.group.did : '', last.group.noun, last.group.did].join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { way, members: [kept] });
    else group.members.push(kept);
  }
  const lines = [...groups.values()]
    .toSorted((one, other) => weightOf(other) - weightOf(one))
    .map((group) => sentenceOf(group));
  if (others > 0) lines.push(`${others} further notices are about others, which are not counted one by one`);
  if (lost > 0)
    lines.push(`Before this, ${lost} ${lost === 1 ? 'notice' : 'notices'} could not be delivered`);
  return lines;
}

/** What is still wrong comes before what is over, and the worse first. */
function weightOf({ members: [member] }: Group): number {
  if (member === undefined) return 0;
  return SEVERITIES.indexOf(member.last.severity) + (member.last.isResolved ? 0 : SEVERITIES.length);
}

function wayOf({ first, last, count }: Kept): Group['way'] {
  if (count === 1) return 'once';
  if (first.topic === null || (first.group.did === last.group.did && count === 2)) return 'again';
  return count === 2 ? 'pair' : 'often';
}

function sentenceOf({ way, members }: Group): string {
  const [member] = members;
  if (member === undefined) return '';
  const { first, last, count, sum } = member;
  if (members.length === 1) {
    if (way === 'once') return last.sentence;
    if (way === 'pair') return `${first.sentence}; then: ${last.sentence}`;
    if (way === 'often') return `${last.sentence} (the last of ${count} changes)`;
    return `${last.sentence} (the last of ${count} such notices${sum === null ? '' : `, together ${sum}`})`;
  }
  const { noun, did } = last.group;
  const total = members.reduce((all, each) => all + each.count, 0);
  const names = namesOf(members.map((each) => each.last.subject ?? ''));
  const start = `${members.length} ${noun}`;
  if (way === 'pair') return `${start} ${first.group.did}, and then ${did}: ${names}`;
  if (way === 'often') return `${start} changed ${total} times, and at last ${did}: ${names}`;
  return `${start} ${did}${way === 'again' ? ` (${total} notices)` : ''}: ${names}`;
}

function namesOf(subjects: readonly string[]): string {
  const shown = subjects.slice(0, NAMES_SHOWN).map((name) => oneLine(name, NAME_CHARACTERS_SHOWN));
  const others = subjects.length - shown.length;
  const last = others > 0 ? `${others} ${others === 1 ? 'other' : 'others'}` : (shown.pop() ?? '');
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

function countOf({ details }: Notice): number | null {
  const count = details['count'];
  return typeof count === 'number' ? count : null;
}
