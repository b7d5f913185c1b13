// Bybit's list of executions: which of them a request means, and in what pages.
// Source: bybit-exchange.github.io/docs/v5/order/execution (Get Trade History), unless a line says otherwise.

import { bybitResult, wholeParameter, wrongParameter } from './bybit-answer.ts';
import { type ExecType, executionRow, execTypeOf } from './bybit-execution-row.ts';
import { categoryOf } from './bybit-markets.ts';
import type { AccountState } from './exchange-state.ts';
import type { FillKind, SimFill, SimMarket, SimMarketKind } from './scenario.ts';
import type { SimAnswer, SimParts, SimRequest } from './sim-wire.ts';

const DAY_MS = 86_400_000;
/** "the rule is endTime - startTime <= 7 days". */
const WINDOW_MAX_MS = 7 * DAY_MS;
/** "Get Trade History (2 years)". That it means 730 days, and how an older start is refused, is unverified. */
const REACH_MS = 730 * DAY_MS;
/** "[1, 100]. Default: 50". */
const PAGE_MAX = 100;
const PAGE_STANDARD = 50;

/** Spot margin has no category of its own: docs/v5/enum, category. */
const KINDS: Readonly<Record<SimMarketKind, readonly FillKind[]>> = {
  spot: ['spot', 'cross', 'isolated'],
  linear: ['linear'],
  inverse: ['inverse'],
};

/** Docs/v5/enum, execType; those that no fill of a scenario has give an empty list. */
const EXEC_TYPES: ReadonlySet<string> = new Set<ExecType | 'BlockTrade' | 'MovePosition' | 'FutureSpread'>([
  'Trade',
  'AdlTrade',
  'Funding',
  'BustTrade',
  'Delivery',
  'Settle',
  'BlockTrade',
  'MovePosition',
  'FutureSpread',
]);

interface Wanted {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly execType: string | null;
  readonly before: Place | null;
}

/** Where a page ended: the next one has what is older. */
interface Place {
  readonly atMs: number;
  readonly ordinal: number;
}

/** Answers `GET /v5/execution/list`. */
export function executionList(parts: SimParts, account: AccountState, request: SimRequest): SimAnswer {
  const { query, nowMs } = request;
  const category = query.get('category');
  if (category === 'option') return bybitResult(request, { category, list: [], nextPageCursor: '' });
  const kind = categoryOf(request);
  if (kind === undefined) return wrongParameter(request, 'Category is invalid');
  const wanted = readWanted(parts, request);
  if ('refusal' in wanted) return wanted.refusal;
  const market = wantedMarket(parts, request, kind);
  if (market === undefined) return wrongParameter(request, 'symbol invalid');
  const { fromMs, toMs } = wanted;
  const found = parts.state
    .fills(account, { nowMs, kinds: KINDS[kind], fromMs, toMs, ...(market === null ? {} : { market }) })
    .filter((fill) => isWanted(fill, wanted, query))
    // "sorted by execTime in descending order".
    .toSorted((a, b) => b.atMs - a.atMs || b.ordinal - a.ordinal);
  const page = found.slice(0, Math.min(wanted.limit, parts.pageSize(PAGE_MAX)));
  const list = page.map((fill) => executionRow(account, fill, nowMs));
  return bybitResult(request, { nextPageCursor: cursorAfter(page), category, list });
}

function readWanted(parts: SimParts, request: SimRequest): Wanted | { readonly refusal: SimAnswer } {
  const { query, nowMs } = request;
  const refused = (sentence: string) => ({ refusal: wrongParameter(request, sentence) });
  const start = wholeParameter(query, 'startTime', null);
  const end = wholeParameter(query, 'endTime', null);
  if (Number.isNaN(start) || Number.isNaN(end)) return refused('startTime or endTime is invalid');
  const limit = wholeParameter(query, 'limit', PAGE_STANDARD);
  // A limit out of range is refused (unverified).
  if (!(limit >= 1 && limit <= PAGE_MAX)) return refused('limit is invalid');
  const execType = query.get('execType');
  if (execType !== null && !EXEC_TYPES.has(execType)) return refused('execType is invalid');
  const cursor = query.get('cursor');
  const before = cursor === null || cursor === '' ? null : readCursor(cursor);
  if (before === undefined) return refused('cursor is invalid');
  // "Only startTime is passed, return range between startTime and startTime+7 days"; "Only endTime is passed, return
  // range between endTime-7 days and endTime"; neither: "return 7 days by default". Both ends are included (unverified).
  const toMs = end ?? (start === null ? nowMs : start + WINDOW_MAX_MS);
  const fromMs = start ?? toMs - WINDOW_MAX_MS;
  if (fromMs > toMs) return refused('startTime should be before endTime');
  if (toMs - fromMs > WINDOW_MAX_MS)
    return refused('The time range between startTime and endTime cannot exceed 7 days');
  if (start !== null && start < nowMs - REACH_MS) return refused('startTime is more than 2 years ago');
  return { fromMs, toMs, limit: Math.min(limit, parts.pageSize(PAGE_MAX)), execType, before };
}

/** The market of `symbol`; null if none is named; undefined if the named one is not listed (its refusal is unverified). */
function wantedMarket(
  parts: SimParts,
  request: SimRequest,
  kind: SimMarketKind,
): SimMarket | null | undefined {
  const symbol = request.query.get('symbol');
  return symbol === null || symbol === '' ? null : parts.state.market(symbol, kind, request.nowMs);
}

/** "You can query by symbol, baseCoin, orderId"; `settleCoin` is in the later documentation. */
function isWanted(fill: SimFill, { execType, before }: Wanted, query: URLSearchParams): boolean {
  const is = (name: string, value: string) => (query.get(name) ?? value) === value;
  return (
    (execType === null || execTypeOf(fill) === execType) &&
    (before === null ||
      fill.atMs < before.atMs ||
      (fill.atMs === before.atMs && fill.ordinal < before.ordinal)) &&
    is('orderId', fill.orderId) &&
    is('baseCoin', fill.market.base) &&
    is('settleCoin', fill.market.settle)
  );
}

/**
 * The cursor is opaque; its form, with percent signs in it, is that of the documentation's example. A page that has rows
 * has a cursor, even if no older row is left (unverified); an empty page has none.
 */
function cursorAfter(page: readonly SimFill[]): string {
  const [first, last] = [page[0], page.at(-1)];
  if (first === undefined || last === undefined) return '';
  return `${first.atMs}%3A${first.ordinal}%2C${last.atMs}%3A${last.ordinal}`;
}

/** Reads a cursor as it was given, or with its percent signs resolved, for clients do either; undefined if it is none. */
function readCursor(cursor: string): Place | undefined {
  const [, atMs, ordinal] = /^\d+:\d+,(\d+):(\d+)$/.exec(resolved(cursor)) ?? [];
  return atMs === undefined || ordinal === undefined
    ? undefined
    : { atMs: Number(atMs), ordinal: Number(ordinal) };
}

function resolved(cursor: string): string {
  try {
    return decodeURIComponent(cursor);
  } catch {
    return cursor;
  }
}
