// The parameters of the federation's routes: what each is in the API's description, and beside it how it is read. It asks
// nobody; what cannot be read is a `BadParameter`.

import { HISTORY_POINTS_MAX, type HistoryQuery } from '../domain/history.ts';
import { NODE_SORTS, type NodeQuery } from '../domain/statistics.ts';
import { PERIODS, type Period } from '../domain/vocabulary.ts';
import { NODE_STATES } from '../../lifecycle/node-state.ts';
import type { Parameter } from '../../http/openapi.ts';
import { BadParameter, type Query, text, time, UTC_TIME, wholeNumber, word } from '../../http/query.ts';
import { oneOf } from '../../http/schema.ts';
import { DAY_MS } from '../../lib/durations.ts';

/** The same for the past, which does not change. */
export const SHARED_HISTORY_MS = 15_000;

/** The codes of refused parameters, beside those of every program; `docs/errors.md` lists them. */
export const PARAMETER_CODES = [
  'unknown_period',
  'unknown_state',
  'bad_page',
  'bad_points',
  'bad_search',
  'bad_sort',
  'bad_strip',
] as const;

const HISTORY_POINTS_USUAL = 300;
const STRIP_CELLS_MAX = 96;
const PAGE_MAX = 999_999_999;
const SEARCH = {
  pattern: /^[A-Za-z0-9_-]{1,64}$/,
  allowed: 'a part of a node id: up to 64 characters, each a letter A to Z or a to z, a digit, _ or -',
  code: 'bad_search',
} as const;
const SORTS = NODE_SORTS.flatMap((sort) => [sort, `-${sort}`] as const);
const TIME = {
  type: 'string',
  format: 'date-time',
  pattern: UTC_TIME.source,
  examples: ['2026-01-15T10:30:00Z'],
};

export const PERIOD: Parameter = {
  name: 'period',
  description: 'Which statistics: of the last hour, day, week, or since the beginning',
  schema: { ...oneOf(PERIODS), default: 'all' },
};

/** All of time if absent. Errors: `unknown_period`. */
export function periodOf(query: Query): Period {
  return word(query, 'period', PERIODS, 'all', 'unknown_period');
}

export const HISTORY_PARAMETERS: readonly Parameter[] = [
  PERIOD,
  { name: 'from', description: 'Begin; 24 h before `to` if absent', schema: TIME },
  { name: 'to', description: `End; now if absent, up to ${SHARED_HISTORY_MS / 1000} s later`, schema: TIME },
  {
    name: 'points',
    description: 'Most rows that are answered',
    schema: { type: 'integer', minimum: 2, maximum: HISTORY_POINTS_MAX, default: HISTORY_POINTS_USUAL },
  },
];

/** `nowMs` is our clock, in milliseconds. Errors: `bad_time`, `bad_points`, `unknown_period`. */
export function historyQuery(query: Query, nowMs: number): HistoryQuery {
  // A round time, so that everybody who gives none asks the same.
  const toMs = time(query, 'to') ?? Math.ceil(nowMs / SHARED_HISTORY_MS) * SHARED_HISTORY_MS;
  const fromMs = time(query, 'from') ?? toMs - DAY_MS;
  if (fromMs >= toMs) throw new BadParameter('bad_time', 'from must be before to; to is now if absent');
  const points = wholeNumber(query, 'points', {
    least: 2,
    most: HISTORY_POINTS_MAX,
    otherwise: HISTORY_POINTS_USUAL,
    code: 'bad_points',
  });
  return { period: periodOf(query), fromMs, toMs, points };
}

export const NODES_PARAMETERS: readonly Parameter[] = [
  { name: 'state', description: 'Only nodes in this state', schema: oneOf(NODE_STATES) },
  {
    name: 'q',
    description: 'Only nodes whose id contains this, in any case',
    schema: { type: 'string', pattern: SEARCH.pattern.source },
  },
  {
    name: 'sort',
    description: 'The order; with `-` in front from the greatest down',
    schema: { ...oneOf(SORTS), default: 'firstSeen' },
  },
  {
    name: 'page',
    description: 'From 1',
    schema: { type: 'integer', minimum: 1, maximum: PAGE_MAX, default: 1 },
  },
  {
    name: 'strip',
    description: 'Cells of the uptime strip of the last 24 h; 0 is none',
    schema: { type: 'integer', minimum: 0, maximum: STRIP_CELLS_MAX, default: 0 },
  },
];

/** Errors: `unknown_state`, `bad_search`, `bad_sort`, `bad_page`, `bad_strip`. */
export function nodeQuery(query: Query): NodeQuery {
  const order = word(query, 'sort', SORTS, 'firstSeen', 'bad_sort');
  return {
    state: word(query, 'state', NODE_STATES, null, 'unknown_state'),
    search: text(query, 'q', SEARCH),
    sort: NODE_SORTS.find((sort) => order.endsWith(sort)) ?? 'firstSeen',
    descending: order.startsWith('-'),
    page: wholeNumber(query, 'page', { least: 1, most: PAGE_MAX, otherwise: 1, code: 'bad_page' }),
    stripCells: wholeNumber(query, 'strip', {
      least: 0,
      most: STRIP_CELLS_MAX,
      otherwise: 0,
      code: 'bad_strip',
    }),
  };
}
