// What the dashboard shows of the statistics beside its tables, and what it asks the worker for its charts. Plain data;
// integers of the wire are decimal text, because a browser rounds numbers above 2^53.

import type { Verdict } from './facts.ts';
import type { StatsDocument } from './statistics.ts';

/** Miners in one list of verdicts. */
export const VERDICT_ROWS_MAX = 500;
/** Points of one chart. */
export const CHART_POINTS_MAX = 2_000;
/** Texts of refused accounts in a summary; beyond them it has their number. */
export const SUMMARY_REFUSALS_MAX = 50;
/** Characters of a text of an upstream that are shown. */
export const SHOWN_TEXT_MAX = 300;

/** An account that its upstream refuses, with the upstream's words. */
export interface RefusedAccount {
  readonly accountId: string;
  readonly text: string;
}

/** The figures of `/stats` without its lists. */
export interface Summary {
  readonly uniqueMiners: number;
  readonly uniqueMachines: number;
  readonly activeMachines: number;
  readonly listedMachines: number;
  readonly listedAccounts: number;
  readonly currentHeight: string;
  /** With a unit, for example `1.0 TiB`. */
  readonly totalCapacity: string;
  /** The same, or `N/A` before the first information. */
  readonly networkCapacity: string;
  /** All but the height are null without a submission in this block. */
  readonly currentBlockBest: {
    readonly height: string;
    /** Seconds. */
    readonly bestPocTime: string | null;
    readonly bestRawQuality: string | null;
    readonly bestAccountId: string | null;
    readonly bestMachineId: string | null;
  };
  /** Accounts that are refused; at most {@link SUMMARY_REFUSALS_MAX} of them. */
  readonly refusals: readonly RefusedAccount[];
  readonly refusalsTotal: number;
  /** False while the statistics are read from the file after a start. */
  readonly isComplete: boolean;
}

/** The summary of a document. */
export function summaryOf(document: StatsDocument): Summary {
  const best = document.currentBlockBest;
  const refused = document.accounts.flatMap(({ accountId, refusal }) =>
    refusal === null ? [] : [{ accountId, text: shownText(refusal) }],
  );
  return {
    uniqueMiners: document.uniqueMiners,
    uniqueMachines: document.uniqueMachines,
    activeMachines: document.activeMachines,
    listedMachines: document.machines.length,
    listedAccounts: document.accounts.length,
    currentHeight: String(document.currentHeight),
    totalCapacity: document.totalCapacity,
    networkCapacity: document.networkCapacity,
    currentBlockBest: {
      height: String(best.height),
      bestPocTime: digits(best.bestPocTime),
      bestRawQuality: digits(best.bestRawQuality),
      bestAccountId: best.bestAccountId,
      bestMachineId: best.bestMachineId,
    },
    refusals: refused.slice(0, SUMMARY_REFUSALS_MAX),
    refusalsTotal: refused.length,
    isComplete: document.isComplete,
  };
}

/** A text of an upstream, cut to {@link SHOWN_TEXT_MAX} characters. */
export function shownText(text: string): string {
  return text.length <= SHOWN_TEXT_MAX ? text : `${text.slice(0, SHOWN_TEXT_MAX - 1)}…`;
}

function digits(value: bigint | null): string | null {
  return value === null ? null : String(value);
}

/** A span of time, in ms since the epoch, and how many points it has at most. */
export interface SpanQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly points: number;
}

/** A span between two neighbouring points in which nothing was recorded. */
export interface Gap {
  readonly from: string;
  readonly to: string;
}

/** The best of every block of a span, oldest first; all lists are equally long. Times are UTC text. */
export interface Rounds {
  /** When the block was first seen. */
  readonly at: readonly string[];
  readonly heights: readonly string[];
  /** Seconds; null for a block without a submission. */
  readonly bestPocTimes: readonly (number | null)[];
  readonly submissions: readonly number[];
  readonly gaps: readonly Gap[];
}

/** Capacity over time, oldest first; all lists are equally long. Times are UTC text. */
export interface CapacityHistory {
  readonly at: readonly string[];
  readonly capacityTib: readonly number[];
  readonly gaps: readonly Gap[];
}

/** What the verdicts are asked for: a span in ms since the epoch, counted in whole hours, and how many miners. */
export interface VerdictQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** What became of the submissions of one account at one machine, by verdict. */
export interface MinerVerdicts {
  readonly machineId: string;
  readonly accountId: string;
  /** Verdicts that never came are absent. */
  readonly counts: Readonly<Partial<Record<Verdict, number>>>;
}
