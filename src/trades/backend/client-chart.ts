// The chart of one client: growth, drawdown and volume in steps of whole hours. Pure.

import type { CurvePoint, Hour } from './growth.ts';

/** Maximum number of steps of a chart. */
export const CHART_STEPS_MAX = 800;
const HOUR_MS = 3_600_000;

/** One step: the curve at its end, and what was traded in it. */
export interface ChartStep {
  readonly atMs: number;
  readonly growthPct: number;
  readonly drawdownPct: number;
  readonly trades: number;
  /** In {@link ClientChart.quote}. */
  readonly volume: number;
}

/** A chart. */
export interface ClientChart {
  readonly stepMs: number;
  /** The asset of most hours: volumes of several assets are never added. */
  readonly quote: string;
  /** Only steps with buckets, oldest first. */
  readonly steps: readonly ChartStep[];
}

/** The chart of a span. */
export function chartOf(
  { hours, curve }: { readonly hours: readonly Hour[]; readonly curve: readonly CurvePoint[] },
  fromMs: number,
  toMs: number,
): ClientChart {
  const stepMs = HOUR_MS * Math.max(1, Math.ceil((toMs - fromMs) / HOUR_MS / (CHART_STEPS_MAX - 1)));
  const quote = mostOf(hours);
  const steps = new Map<number, ChartStep>();
  for (const [index, { atMs, trades, amounts }] of hours.entries()) {
    const point = curve[index];
    if (point === undefined || atMs < fromMs || atMs >= toMs) continue;
    const stepAtMs = Math.floor(atMs / stepMs) * stepMs;
    const before = steps.get(stepAtMs);
    steps.set(stepAtMs, {
      atMs: stepAtMs,
      growthPct: point.growthPct,
      drawdownPct: Math.max(point.drawdownPct, before?.drawdownPct ?? 0),
      trades: trades + (before?.trades ?? 0),
      volume: (amounts.get(quote)?.volume ?? 0) + (before?.volume ?? 0),
    });
  }
  return { stepMs, quote: quote || 'USD', steps: [...steps.values()] };
}

function mostOf(hours: readonly Hour[]): string {
  const counts = new Map<string, number>();
  for (const { amounts } of hours)
    for (const quote of amounts.keys()) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  return most?.[0] ?? '';
}
