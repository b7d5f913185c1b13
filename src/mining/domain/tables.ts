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

/** A row before it is made: most rows of a table are never shown. */
interface Candidate {
  readonly id: string;
  readonly accountId: string | null;
  readonly figures: TableFigures;
  readonly refusal: string | null;
  readonly nested: () => readonly NestedRow[];
}

/** Makes a page. Equal rows are in the order of their ids. A page past the last one has no rows. */
export function tablePage(document: StatsDocument, name: TableName, query: TableQuery): TablePage {
  const search = query.search.toLowerCase();
  const all = CANDIDATES[name](document);
  const found = search === '' ? all : all.filter((row) => matches(row, search));
  const sign = query.descending ? -1 : 1;
  const { sort } = query;
  const key = (row: Candidate): number => (sort === 'id' ? 0 : row.figures[sort]);
  const sorted = found.toSorted((a, b) =>
    sort === 'id' ? sign * compareIds(a, b) : sign * (key(a) - key(b)) || compareIds(a, b),
  );
  const start = (query.page - 1) * TABLE_PAGE_ROWS_MAX;
  return {
    rows: sorted.slice(start, start + TABLE_PAGE_ROWS_MAX).map((row) => rowOf(row)),
    page: query.page,
    pages: Math.ceil(found.length / TABLE_PAGE_ROWS_MAX),
    total: found.length,
  };
}

const CANDIDATES: Readonly<Record<TableName, (document: StatsDocument) => readonly Candidate[]>> = {
  machines: ({ machines }) =>
    machines.map((machine) => ({
      id: machine.machineId,
      accountId: null,
      figures: { ...figuresOf(machine), capacityTib: machine.totalCapacityTib },
      refusal: null,
      nested: () =>
        machine.accounts.map((each) => ({
          id: each.accountId,
          ...figuresOf(each),
          capacityTib: each.capacityTib,
        })),
    })),
  accounts: ({ accounts }) =>
    accounts.map((account) => ({
      id: account.accountId,
      accountId: null,
      figures: { ...figuresOf(account), capacityTib: account.totalCapacityTib },
      refusal: account.refusal,
      nested: () =>
        account.machines.map((each) => ({
          id: each.machineId,
          ...figuresOf(each),
          capacityTib: each.capacityTib,
        })),
    })),
  miners: ({ accounts }) =>
    accounts.flatMap((account) =>
      account.machines.map((pair) => ({
        id: pair.machineId,
        accountId: account.accountId,
        figures: { ...figuresOf(pair), capacityTib: pair.capacityTib },
        refusal: account.refusal,
        nested: () => [],
      })),
    ),
};

function figuresOf(shown: Omit<TableFigures, 'capacityTib'>): Omit<TableFigures, 'capacityTib'> {
  return {
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

function rowOf({ id, accountId, figures, refusal, nested }: Candidate): TableRow {
  const rows = nested();
  return {
    id,
    accountId,
    ...figures,
    refusal: refusal === null ? null : shownText(refusal),
    nested: rows.slice(0, TABLE_NESTED_ROWS_MAX),
    nestedCount: rows.length,
  };
}

function matches({ id, accountId }: Candidate, search: string): boolean {
  return id.toLowerCase().includes(search) || (accountId ?? '').toLowerCase().includes(search);
}

function compareIds(a: Candidate, b: Candidate): number {
  return compare(a.id, b.id) || compare(a.accountId ?? '', b.accountId ?? '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
