// A notice: one thing that people outside the program may want to know, as plain data; and a message: what is told at once.
// A program makes notices of its own events. This file knows no receiver.

/** How bad a trouble is. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
/** One of {@link SEVERITIES}. */
export type Severity = (typeof SEVERITIES)[number];

/** One thing that happened. */
export interface Notice {
  /** The kind of event, a word of the program. */
  readonly kind: string;
  /**
   * The name of the trouble that this notice begins, changes or ends; notices with one topic and one subject are about
   * the same trouble. Null for something that nothing ends, such as a loss.
   */
  readonly topic: string | null;
  /** When it happened, in ms since the epoch. */
  readonly atMs: number;
  /** What it happened to, for example a node; null for the program itself. */
  readonly subject: string | null;
  /** The name that the key `nodes` of a receiver chooses; null for what every receiver with this kind of event is told. */
  readonly node: string | null;
  /** A kind that a receiver must have chosen too, because this notice only ends what that kind tells; null for none. */
  readonly onlyWith: string | null;
  /** The same for all notices of one topic, also for the one that ends the trouble. */
  readonly severity: Severity;
  /** True if the trouble of the topic is over. */
  readonly isResolved: boolean;
  /** One line of English without a full stop. Texts of strangers in it have no control characters. */
  readonly sentence: string;
  /** Words for several subjects in one sentence: `nodes`, `went offline` make `17 nodes went offline: a, b …`. */
  readonly group: { readonly noun: string; readonly did: string };
  /** Facts for programs, by name. */
  readonly details: Readonly<Record<string, string | number | null>>;
}

/** Which program speaks. */
export interface Source {
  /** What people call it: `aggregator berlin-1`. */
  readonly name: string;
  /** The same for all processes that tell of the same subjects. */
  readonly id: string;
  /** Its page, if it has an address for others; null otherwise. */
  readonly url: string | null;
}

/** A trouble as far as a message tells of it. */
export interface Trouble {
  /** The first and the newest notice; the same one if there was only one. */
  readonly first: Notice;
  readonly last: Notice;
  /** Number of notices. */
  readonly count: number;
}

/** What is told to a receiver at once. */
export interface Message {
  /** At least one, in the order in which they began. */
  readonly troubles: readonly Trouble[];
  /** The sentences, the most important first; at least one. */
  readonly lines: readonly string[];
  /** Number of notices in the message. */
  readonly told: number;
}

/** The time of the newest notice of the message, in ms since the epoch. */
export function timeOf({ troubles }: Message): number {
  return troubles.reduce((latest, { last }) => Math.max(latest, last.atMs), 0);
}

/** The severity of the worst trouble that is not over; null if all are over. */
export function openSeverityOf({ troubles }: Message): Severity | null {
  const open = troubles
    .filter(({ last }) => !last.isResolved)
    .map(({ last }) => SEVERITIES.indexOf(last.severity));
  return open.length === 0 ? null : (SEVERITIES[Math.max(...open)] ?? null);
}

/** The message of one notice. */
export function messageOf(notice: Notice): Message {
  return { troubles: [{ first: notice, last: notice, count: 1 }], lines: [notice.sentence], told: 1 };
}
