// The questions that the federation's pool answers: for each its argument and its answer. Both are plain data.

import type { NodeSign } from '../../lifecycle/node-state.ts';
import type { DigestAnswer, DigestRequest } from '../domain/digests.ts';
import type { EventPage, EventQuery } from '../domain/events.ts';
import type { History, HistoryQuery } from '../domain/history.ts';
import type {
  NodeHistory,
  NodeListing,
  NodeOrderQuery,
  NodePage,
  NodeQuery,
  OneNodeQuery,
  ReportingShare,
  TickStatistics,
} from '../domain/statistics.ts';
import type { PartialStatistics, PlacesPartial } from '../domain/partial.ts';
import type { Period } from '../domain/vocabulary.ts';
import type { Geography } from '../domain/statistics.ts';

/** The questions by name. */
export interface FederationQuestions {
  statistics: { argument: { readonly nowMs: number }; answer: TickStatistics };
  /** The counts behind `statistics`, to be merged with those of other partitions. */
  partial: { argument: { readonly nowMs: number }; answer: PartialStatistics };
  geography: { argument: { readonly minimum: number }; answer: Geography };
  /** The exact counts behind `geography`. They leave the process only for other processes of its cluster. */
  places: { argument: object; answer: PlacesPartial };
  /** For the comparison of replicas. They leave the process only for other processes of its cluster. */
  digests: { argument: { readonly request: DigestRequest }; answer: DigestAnswer };
  nodePage: { argument: { readonly query: NodeQuery }; answer: NodePage };
  /** The numbers of all matching nodes, in order. */
  nodeOrder: { argument: { readonly query: NodeOrderQuery }; answer: Float64Array };
  nodeListings: {
    argument: { readonly numbers: readonly number[]; readonly stripCells: number };
    answer: readonly NodeListing[];
  };
  history: {
    argument: { readonly query: HistoryQuery; readonly tickMs: number };
    answer: History;
  };
  lastTick: { argument: { readonly period: Period }; answer: number | null };
  reporting: { argument: { readonly nowMs: number }; answer: ReportingShare };
  node: { argument: { readonly query: OneNodeQuery }; answer: NodeHistory | null };
  events: { argument: { readonly query: EventQuery }; answer: EventPage };
  nodesToResume: {
    argument: { readonly afterNumber: number; readonly limit: number };
    answer: readonly NodeSign[];
  };
}
