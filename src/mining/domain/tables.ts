// Pages of the dashboard's tables: machines with their accounts, accounts with their machines, and pairs of both.
// Searched, sorted and cut here, so that ten thousand machines do not make a page heavy. Pure.

import { shownText } from './dashboard.ts';
import type { Outcomes, StatsDocument } from './statistics.ts';

/** Rows of one page. */
export const TABLE_PAGE_ROWS_MAX = 50;
/** Rows that open under one row of a table; a machine rarely has more accounts. */
export const TABLE_NESTED_ROWS_MAX = 100;

/** Columns that a table is sorted by. */
export const TABLE_SORTS = [
  'id',
  'capacityTib',
  'submissions24h',
  'submissionPercentage',
  'lastSeenSecsAgo',
  'forwarded',
  'accepted',
  'rejected',
  'failedProofs',
] as const;
/** One of {@link TABLE_SORTS}. */
export type TableSort = (typeof TABLE_SORTS)[number];

/** The tables. */
export const TABLES = ['machines', 'accounts', 'miners'] as const;
/** One of {@link TABLES}. */
export type TableName = (typeof TABLES)[number];

/** What a table is asked for. */
export interface TableQuery {
  /** Part of an id, in any case; empty for all. */
  readonly search: string;
  readonly sort: TableSort;
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
}

/** What every row has. */
export interface TableFigures extends Outcomes {
  readonly capacityTib: number;
  readonly submissions24h: number;
  readonly submissionPercentage: number;
  readonly lastSeenSecsAgo: number;
  readonly isActive: boolean;
}

/** A row under a row: an account of a machine, or a machine of an account. */
export interface NestedRow extends TableFigures {
  readonly id: string;
}

/** A row of a table. */
export interface TableRow extends NestedRow {
  /** The account of a miner, which is a pair of machine and account; null in the other tables. */
  readonly accountId: string | null;
  /** Why the upstream refuses the account; null if it does not, and for machines. */
  readonly refusal: string | null;
  readonly nested: readonly NestedRow[];
  /** All nested rows, also those beyond {@link TABLE_NESTED_ROWS_MAX}. */
  readonly nestedCount: number;
}

/** One page of a table. */
export interface TablePage {
  readonly rows: readonly TableRow[];
  readonly page: number;
  readonly pages: number;
  /** Rows that match, on all pages. */
  readonly total: number;
}

/** What machines, accounts and pairs share in the document. */
type Shown = Omit<TableFigures, 'capacityTib'>;

/** A row before it is made: most rows of a table are never shown. */
interface Candidate {
  readonly id: string;
  readonly accountId: string | null;
  readonly capacityTib: number;
  readonly shown: Shown;
  readonly refusal: string | null;
  readonly nested: () => readonly NestedRow[];
}

/**
 * Makes a page. Equal rows are in the order of the document: active ones first, then by id. A page past the last one has
 * no rows.
 */
export function tablePage(document: StatsDocument, name: TableName, query: TableQuery): TablePage {
  const search = query.search.toLowerCase();
  const all = CANDIDATES[name](document);
  const found = search === '' ? all : all.filter((row) => matches(row, search));
  const sorted = found.toSorted(comparison(query));
  const start = (query.page - 1) * TABLE_PAGE_ROWS_MAX;
  return {
    rows: sorted.slice(start, start + TABLE_PAGE_ROWS_MAX).map((row) => rowOf(row)),
    page: query.page,
    pages: Math.ceil(found.length / TABLE_PAGE_ROWS_MAX),
    total: found.length,
  };
}

function comparison({ sort, descending }: TableQuery): (a: Candidate, b: Candidate) => number {
  const sign = descending ? -1 : 1;
  if (sort === 'id') return (a, b) => sign * (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  if (sort === 'capacityTib') return (a, b) => sign * (a.capacityTib - b.capacityTib);
  return (a, b) => sign * (a.shown[sort] - b.shown[sort]);
}

const CANDIDATES: Readonly<Record<TableName, (document: StatsDocument) => readonly Candidate[]>> = {
  machines: ({ machines }) =>
    machines.map((machine) => ({
      id: machine.machineId,
      accountId: null,
      capacityTib: machine.totalCapacityTib,
      shown: machine,
      refusal: null,
      nested: () => machine.accounts.map((each) => nestedRow(each.accountId, each.capacityTib, each)),
    })),
  accounts: ({ accounts }) =>
    accounts.map((account) => ({
      id: account.accountId,
      accountId: null,
      capacityTib: account.totalCapacityTib,
      shown: account,
      refusal: account.refusal,
      nested: () => account.machines.map((each) => nestedRow(each.machineId, each.capacityTib, each)),
    })),
  miners: ({ accounts }) =>
    accounts.flatMap((account) =>
      account.machines.map((pair) => ({
        id: pair.machineId,
        accountId: account.accountId,
        capacityTib: pair.capacityTib,
        shown: pair,
        refusal: account.refusal,
        nested: () => [],
      })),
    ),
};

function rowOf({ id, accountId, capacityTib, shown, refusal, nested }: Candidate): TableRow {
  const rows = nested();
  return {
    ...nestedRow(id, capacityTib, shown),
    accountId,
    refusal: refusal === null ? null : shownText(refusal),
    nested: rows.slice(0, TABLE_NESTED_ROWS_MAX),
    nestedCount: rows.length,
  };
}

function nestedRow(id: string, capacityTib: number, shown: Shown): NestedRow {
  return {
    id,
    capacityTib,
    submissions24h: shown.submissions24h,
    submissionPercentage: shown.submissionPercentage,
    lastSeenSecsAgo: shown.lastSeenSecsAgo,
    isActive: shown.isActive,
    forwarded: shown.forwarded,
    accepted: shown.accepted,
    rejected: shown.rejected,
    verified: shown.verified,
    failedProofs: shown.failedProofs,
  };
}

function matches({ id, accountId }: Candidate, search: string): boolean {
  return id.toLowerCase().includes(search) || (accountId ?? '').toLowerCase().includes(search);
}
