// The parameters of the routes as schemas, and the queries made from checked parameters.

import { BadRequest } from '../../http/answers.ts';
import { query, type QueryOf, text, TIME_PARAMETER, wholeNumber, word } from '../../http/parameter.ts';
import { DAY_MS } from '../../lib/durations.ts';
import {
  CHART_POINTS_MAX,
  type SpanQuery,
  VERDICT_ROWS_MAX,
  type VerdictQuery,
} from '../domain/dashboard.ts';
import { TABLE_SORTS, type TableQuery } from '../domain/tables.ts';

/** Time in which equal questions about the past get the same answer. */
export const SHARED_SPAN_MS = 5_000;

/** Error codes of refused parameters, in addition to those of every program; `docs/errors.md` lists them. */
export const PARAMETER_CODES = ['bad_page', 'bad_points', 'bad_search', 'bad_sort'] as const;

const SORTS = TABLE_SORTS.flatMap((sort) => [sort, `-${sort}`] as const);

const SEARCH = {
  ...text(/^[ -~]{0,150}$/, 'bad_search', 'a part of an id: up to 150 printable characters of ASCII'),
  default: '',
  description: 'Only rows whose id contains this, in any case',
} as const;
const PAGE = {
  ...wholeNumber(1, 999_999_999, 'bad_page'),
  default: 1,
  description: 'Number of the page, from 1',
} as const;

/** The query string of a table. */
export const TABLE_QUERY = query({
  q: SEARCH,
  sort: {
    ...word(SORTS, 'bad_sort'),
    default: '-capacityTib',
    description: 'The order; with `-` in front, descending',
  },
  page: PAGE,
});

/** Makes the query for a page of a table. */
export function tableQuery({ q, sort, page }: QueryOf<typeof TABLE_QUERY>): TableQuery {
  return {
    search: q,
    sort: TABLE_SORTS.find((each) => each === sort.replace('-', '')) ?? 'capacityTib',
    descending: sort.startsWith('-'),
    page,
  };
}

const SPAN = {
  from: { ...TIME_PARAMETER, description: 'Start; 24 h before `to` if absent' },
  to: { ...TIME_PARAMETER, description: 'End; now if absent' },
} as const;

/** The query string of a chart. */
export const SPAN_QUERY = query({
  ...SPAN,
  points: {
    ...wholeNumber(2, CHART_POINTS_MAX, 'bad_points'),
    default: 400,
    description: 'Maximum number of points in the answer',
  },
});

/** Makes the query of a chart. `nowMs` is this machine's clock. Errors: `bad_time`. */
export function spanQuery(asked: QueryOf<typeof SPAN_QUERY>, nowMs: number): SpanQuery {
  return { ...spanOf(asked, nowMs), points: asked.points };
}

/** The query string of the verdicts. */
export const VERDICTS_QUERY = query({
  ...SPAN,
  limit: {
    ...wholeNumber(1, VERDICT_ROWS_MAX, 'bad_points'),
    default: 100,
    description: 'Maximum number of miners in the answer',
  },
});

/** Makes the query of the verdicts. `nowMs` is this machine's clock. Errors: `bad_time`. */
export function verdictQuery(asked: QueryOf<typeof VERDICTS_QUERY>, nowMs: number): VerdictQuery {
  return { ...spanOf(asked, nowMs), limit: asked.limit };
}

interface AskedSpan {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function spanOf({ from, to }: AskedSpan, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  // Rounded up, so that all clients that send no time ask the same question.
  const toMs = to === undefined ? Math.ceil(nowMs / SHARED_SPAN_MS) * SHARED_SPAN_MS : Date.parse(to);
  const fromMs = from === undefined ? toMs - DAY_MS : Date.parse(from);
  if (fromMs >= toMs) throw new BadRequest('bad_time', 'from must be before to (to is now if absent)');
  return { fromMs, toMs };
}
