// The parameters of the federation's routes as schemas, and the queries made from checked parameters.

import { barOf, HISTORY_POINTS_MAX, type HistoryQuery, RECORDED_DISTRIBUTIONS } from '../domain/history.ts';
import { NODE_ID } from '../domain/decode.ts';
import { EVENT_KINDS, type EventQuery } from '../domain/events.ts';
import {
  NODE_SORTS,
  NODE_STRIP_CELLS_MAX,
  type NodeOrderQuery,
  type NodeQuery,
  type OneNodeQuery,
  UPTIME_WINDOWS,
  type UptimeWindow,
} from '../domain/statistics.ts';
import { PERIODS } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import { BadRequest } from '../../http/answers.ts';
import { BADGE_CODES } from '../../http/badge.ts';
import { query, type QueryOf, text, TIME_PARAMETER, wholeNumber, word } from '../../http/parameter.ts';
import { DAY_MS } from '../../lib/durations.ts';

/** Time in which equal questions about the past get the same answer; the past does not change. */
export const SHARED_HISTORY_MS = 15_000;

/** Error codes of refused parameters, in addition to those of every program; `docs/errors.md` lists them. */
export const PARAMETER_CODES = [
  'unknown_period',
  'unknown_state',
  'bad_page',
  'bad_receiver',
  'bad_points',
  'bad_bar',
  'bad_search',
  'bad_sort',
  'bad_strip',
  ...BADGE_CODES,
  'bad_window',
  'unknown_kind',
  'bad_node',
] as const;

const SORTS = NODE_SORTS.flatMap((sort) => [sort, `-${sort}`] as const);

const PERIOD = {
  ...word(PERIODS, 'unknown_period'),
  default: 'all',
  description: 'The period of the statistics: the last hour, day or week, or all time',
} as const;

/**
 * The parameter of a node's route. The maximum length is that of the router, which matches no longer part of an
 * address.
 */
export const NODE_PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', maxLength: 100, description: 'The node id' } },
};

const WINDOWS = Object.keys(UPTIME_WINDOWS) as readonly UptimeWindow[];

/** The query string of a node's route. */
export const NODE_QUERY = query({
  window: {
    ...word(WINDOWS, 'bad_window'),
    default: '24h',
    description: 'Over how much observed time `uptime` and `strip` count',
  },
  strip: {
    ...wholeNumber(0, NODE_STRIP_CELLS_MAX, 'bad_strip'),
    default: 0,
    description: 'Number of cells in the uptime strip of the window; 0 is no strip',
  },
});

/** Makes the query of one node. */
export function oneNodeQuery(nodeId: string, { window, strip }: QueryOf<typeof NODE_QUERY>): OneNodeQuery {
  return { nodeId, windowMs: UPTIME_WINDOWS[window], stripCells: strip };
}

/** The query string of the routes of one period. */
export const PERIOD_QUERY = query({ period: PERIOD });

/** The query string of the history. */
export const HISTORY_QUERY = query({
  period: PERIOD,
  from: { ...TIME_PARAMETER, description: 'Start of the history; 24 h before `to` if absent' },
  to: {
    ...TIME_PARAMETER,
    description: `End of the history; now if absent, up to ${SHARED_HISTORY_MS / 1000} s later`,
  },
  points: {
    ...wholeNumber(2, HISTORY_POINTS_MAX, 'bad_points'),
    default: 300,
    description: 'Maximum number of rows in the answer',
  },
  bar: {
    ...text(
      new RegExp(`^(${RECORDED_DISTRIBUTIONS.join('|')}):[!-~]{1,64}$`),
      'bad_bar',
      `one of ${RECORDED_DISTRIBUTIONS.join(', ')}, a colon, and a label of it of up to 64 printable characters of ASCII`,
    ),
    description:
      'A label of a distribution, `chainDistribution:137`: the answer has its counts too, in `bar`',
  },
});

/** Makes the history query. `nowMs` is this machine's clock, in milliseconds. Errors: `bad_time`. */
export function historyQuery(asked: QueryOf<typeof HISTORY_QUERY>, nowMs: number): HistoryQuery {
  const { period, from, to, points } = asked;
  const bar = asked.bar === undefined ? null : barOf(asked.bar);
  // Rounded up, so that all clients that send no time ask the same question.
  const toMs = to === undefined ? Math.ceil(nowMs / SHARED_HISTORY_MS) * SHARED_HISTORY_MS : Date.parse(to);
  const fromMs = from === undefined ? toMs - DAY_MS : Date.parse(from);
  if (fromMs >= toMs) throw new BadRequest('bad_time', 'from must be before to (to is now if absent)');
  return { period, fromMs, toMs, points, ...(bar !== null && { bar }) };
}

const NODE_PROPERTIES = {
  state: { ...word(NODE_STATES, 'unknown_state'), description: 'Only nodes in this state' },
  q: {
    ...text(
      /^[A-Za-z0-9_-]{0,64}$/,
      'bad_search',
      'a part of a node id: up to 64 characters, each a letter A to Z or a to z, a digit, _ or -',
    ),
    description: 'Only nodes whose id contains this, in any case',
  },
  sort: {
    ...word(SORTS, 'bad_sort'),
    default: 'firstSeen',
    description: 'The order; with `-` in front, descending',
  },
  strip: {
    ...wholeNumber(0, 96, 'bad_strip'),
    default: 0,
    description: 'Number of cells in the uptime strip of the last 24 h; 0 is no strip',
  },
} as const;

/** The query string of the export of nodes: all matching nodes, no pages. */
export const NODE_EXPORT_QUERY = query(NODE_PROPERTIES);

/** The query string of the node list. */
export const NODES_QUERY = query({
  ...NODE_PROPERTIES,
  page: { ...wholeNumber(1, 999_999_999, 'bad_page'), default: 1, description: 'Number of the page, from 1' },
});

/** Makes the query for a page of nodes. */
export function nodeQuery(asked: QueryOf<typeof NODES_QUERY>): NodeQuery {
  return { ...nodeOrderQuery(asked), page: asked.page, stripCells: asked.strip };
}

/** Makes the query for the order of all matching nodes. */
export function nodeOrderQuery({ state, q, sort }: QueryOf<typeof NODE_EXPORT_QUERY>): NodeOrderQuery {
  return {
    state: state ?? null,
    search: q === undefined || q === '' ? null : q,
    sort: NODE_SORTS.find((each) => sort.endsWith(each)) ?? 'firstSeen',
    descending: sort.startsWith('-'),
  };
}

const KIND = EVENT_KINDS.join('|');
const EVENT_FILTERS = {
  kind: {
    ...text(
      new RegExp(`^(?:${KIND})(?:,(?:${KIND}))*$`),
      'unknown_kind',
      `one or more of ${EVENT_KINDS.join(', ')}, with commas between them`,
    ),
    description: 'Only events of these kinds, with commas between them',
  },
  node: {
    ...text(NODE_ID, 'bad_node', 'a node id: 4 to 64 letters A to Z or a to z, digits, _ and -'),
    description: 'Only events of this node',
  },
  from: { ...TIME_PARAMETER, description: 'Only events at or after this time' },
  to: { ...TIME_PARAMETER, description: 'Only events before this time' },
} as const;

/** The query string of the log of events. */
export const EVENTS_QUERY = query({
  ...EVENT_FILTERS,
  page: { ...wholeNumber(1, 999_999_999, 'bad_page'), default: 1, description: 'Number of the page, from 1' },
});

/** The query string of its feed. */
export const EVENTS_FEED_QUERY = query(EVENT_FILTERS);

/** Makes the query of the log. Errors: `bad_time`. */
export function eventQuery({ kind, node, from, to, page }: QueryOf<typeof EVENTS_QUERY>): EventQuery {
  const named = kind?.split(',') ?? [];
  const [fromMs, toMs] = [from, to].map((time) => (time === undefined ? null : Date.parse(time)));
  if (fromMs != null && toMs != null && fromMs >= toMs)
    throw new BadRequest('bad_time', 'from must be before to');
  return {
    // In the order of the vocabulary, so that equal questions are the same question.
    kinds: EVENT_KINDS.filter((each) => named.includes(each)),
    nodeId: node ?? null,
    fromMs: fromMs ?? null,
    toMs: toMs ?? null,
    page,
  };
}
