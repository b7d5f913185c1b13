// `aggregator events`: the log of events as it is stored, also while the program runs, and new events as they come. It
// only reads.

import { setTimeout as pause } from 'node:timers/promises';
import { command } from '../../cli/command.ts';
import { flag, option, optionWithDefault, printable } from '../../cli/command-line.ts';
import { readNumber } from '../../cli/number-option.ts';
import { print } from '../../cli/output.ts';
import { parseQuantity } from '../../config/quantities.ts';
import { systemClock } from '../../lib/clock.ts';
import { DAY_MS } from '../../lib/durations.ts';
import { CodedError } from '../../lib/errors.ts';
import { isTime } from '../../http/parameter.ts';
import { NODE_ID } from '../domain/decode.ts';
import {
  EVENT_KINDS,
  type EventKind,
  type EventQuery,
  eventSentence,
  type FederationEvent,
} from '../domain/events.ts';
import type { ReadDatabase } from '../../store/database.ts';
import { EVENTS_MAX } from '../store/event-rows.ts';
import { readEvents, readEventsAfter } from '../workers/events.ts';
import { reading } from './reading.ts';

/** Time between two looks for new events, in ms. */
const LOOK_INTERVAL_MS = 1_000;
/** Ten years. */
const SINCE_MS_MAX = 3_650 * DAY_MS;
const NO_FILTER: EventQuery = { kinds: [], nodeId: null, fromMs: null, toMs: null, page: 1 };

/** The command `events`. */
export const eventsCommand = command({
  about: `Shows the log of events of the database of DB_PATH, the newest last, also while the program runs: what happened to nodes, and to the aggregator. --json prints one event a line.`,
  options: {
    kind: option('KIND,…', 'only events of these kinds'),
    node: option('NODE_ID', 'only events of this node'),
    since: option(
      'TIME',
      'only events since then: a duration such as 2h or 7d, or a time such as 2026-01-15T10:30:00Z',
    ),
    limit: optionWithDefault('COUNT', 'the number of events to show at most, the newest', '100'),
    follow: flag('stay, and show new events as they come, until Ctrl-C'),
    json: flag('print each event as JSON'),
  },
  table: [['kinds', EVENT_KINDS.join(', ')]],
  exit: '0 done; 1 not done; 2 usage.',
  async run({ values }, env) {
    const query = { ...NO_FILTER, ...filterOf(values) };
    const limit = readNumber('limit', values.limit, { min: 1, max: EVENTS_MAX });
    // In one transaction, so that an event that comes meanwhile moves none to the next page, and the first look shows it.
    let { events, lastId } = reading(env, (database) =>
      database.transaction(() => ({
        lastId: readEvents(database, NO_FILTER).events[0]?.id ?? 0,
        events: newest(database, query, limit),
      }))(),
    );
    while (print(events.map((event) => lineOf(event, values.json)).join('')) && values.follow) {
      await pause(LOOK_INTERVAL_MS);
      // Opened for each look, so that the program can empty its log when it stops, and a restored database is found.
      const found = reading(env, (database) => after(database, lastId));
      lastId = found.at(-1)?.id ?? lastId;
      events = found.filter((event) => matches(event, query));
    }
    return 0;
  },
});

/** The newest events that match, oldest first. */
function newest(database: ReadDatabase, query: EventQuery, limit: number): FederationEvent[] {
  const events: FederationEvent[] = [];
  for (let page = 1; events.length < limit; page++) {
    const { events: more, pages } = readEvents(database, { ...query, page });
    events.push(...more);
    if (page >= pages) break;
  }
  return events.slice(0, limit).toReversed();
}

/** All events after this one, oldest first. */
function after(database: ReadDatabase, id: number): readonly FederationEvent[] {
  const events: FederationEvent[] = [];
  for (let last = id; ; last = events.at(-1)?.id ?? last) {
    const more = readEventsAfter(database, last);
    if (more.length === 0) return events;
    events.push(...more);
  }
}

function matches(event: FederationEvent, { kinds, nodeId }: EventQuery): boolean {
  return (kinds.length === 0 || kinds.includes(event.kind)) && (nodeId === null || event.nodeId === nodeId);
}

function lineOf(event: FederationEvent, isJson: boolean): string {
  return isJson ? `${JSON.stringify(event)}\n` : `${event.at}  ${eventSentence(event)}\n`;
}

interface Given {
  readonly kind?: string | undefined;
  readonly node?: string | undefined;
  readonly since?: string | undefined;
}

function filterOf({ kind, node, since }: Given): Partial<EventQuery> {
  if (node !== undefined && !NODE_ID.test(node))
    throw usage('--node: a node id is 4 to 64 letters, digits, _ and -.');
  return {
    kinds: kind === undefined ? [] : kind.split(',').map(readKind),
    nodeId: node ?? null,
    fromMs: since === undefined ? null : readSince(since),
  };
}

function readKind(word: string): EventKind {
  const kind = EVENT_KINDS.find((each) => each === word);
  if (kind === undefined)
    throw usage(`--kind ${printable(word)}: must be one or more of ${EVENT_KINDS.join(', ')}.`);
  return kind;
}

/** The time in ms since the epoch; a duration counts back from now. */
function readSince(text: string): number {
  if (isTime(text)) return Date.parse(text);
  const ms = parseQuantity(text, { unit: 'milliseconds', min: 1, max: SINCE_MS_MAX });
  if (ms !== undefined && !/^\d+$/.test(text)) return systemClock.nowMs() - ms;
  throw usage(
    `--since ${printable(text)}: must be a duration such as 2h or 7d, or a time such as 2026-01-15T10:30:00Z.`,
  );
}

function usage(problem: string): CodedError {
  return new CodedError('usage', `${problem} --help lists the options.`);
}
