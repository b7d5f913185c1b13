// What the pool can be asked: one entry per question, its argument and its answer. Plain data on both sides.

import type { NodeSign } from '../domain/federation/facts.ts';
import type { History, HistoryQuery } from '../domain/federation/history.ts';
import type {
  NodeHistory,
  NodePage,
  NodeQuery,
  ReportingShare,
  TickStatistics,
} from '../domain/federation/statistics.ts';
import type { Period } from '../domain/federation/vocabulary.ts';
import type { Geography } from './federation/geography.ts';

export interface WorkerTasks {
  statistics: { argument: { readonly nowMs: number }; answer: TickStatistics };
  geography: { argument: { readonly minimum: number }; answer: Geography };
  nodePage: { argument: { readonly query: NodeQuery }; answer: NodePage };
  history: {
    argument: { readonly query: HistoryQuery; readonly tickMs: number };
    answer: History;
  };
  lastTick: { argument: { readonly period: Period }; answer: number | null };
  reporting: { argument: { readonly nowMs: number }; answer: ReportingShare };
  node: { argument: { readonly nodeId: string }; answer: NodeHistory | null };
  nodesToResume: {
    argument: { readonly afterNumber: number; readonly limit: number };
    answer: readonly NodeSign[];
  };
}
export type TaskName = keyof WorkerTasks;

/** What a thread sends back. An error itself would lose its class and its code on the way between the threads. */
export type WorkerReply<Name extends TaskName = TaskName> =
  | { readonly type: 'answer'; readonly answer: WorkerTasks[Name]['answer'] }
  /** The database refuses: the file, the disk or another process. The sentence is for the operator. */
  | { readonly type: 'refused'; readonly sentence: string }
  /** A mistake of ours in the query. */
  | { readonly type: 'mistake'; readonly error: unknown };

/** What a thread receives. */
export type WorkerRequest = {
  [Name in TaskName]: { readonly name: Name } & WorkerTasks[Name]['argument'];
}[TaskName];
