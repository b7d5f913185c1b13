// Checks that the HTTP API shows the published statistics: all periods of one tick, every member, geography included.

import type { AggregatorClient } from './aggregator-client.ts';
import type { Difference } from './comparison.ts';
import type { PublishedStatistics, Ticks } from './publication.ts';
import { PERIODS } from './vocabulary.ts';

/** What the check needs. */
export interface ShownCheckParts {
  readonly aggregator: AggregatorClient;
  readonly ticks: Ticks;
  readonly wait: (ms: number) => Promise<void>;
}

const ATTEMPTS = 20;
const ATTEMPT_INTERVAL_MS = 500;

function flat(data: PublishedStatistics): ReadonlyMap<string, number> {
  const entries = Object.entries(data).flatMap(([member, value]) =>
    typeof value === 'number'
      ? [[member, value] as const]
      : Object.entries(value).map(([label, count]) => [`${member}.${label}`, count] as const),
  );
  return new Map(entries);
}

/**
 * The differences between the shown and the published statistics of the same timestamp; null if no tick could be
 * matched.
 */
export async function compareShown(parts: ShownCheckParts): Promise<readonly Difference[] | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await parts.wait(ATTEMPT_INTERVAL_MS);
    const shown = await Promise.all(
      PERIODS.map(async (period) => ({ period, ...(await parts.aggregator.statistics(period)) })),
    );
    const timestamp = shown[0]?.timestamp ?? '';
    const tick = parts.ticks.at(timestamp);
    if (tick === null || shown.some((answer) => answer.timestamp !== timestamp)) continue;
    return shown.flatMap(({ period, data }) => {
      const [published, displayed] = [flat(tick.periods[period]), flat(data)];
      return [...new Set([...published.keys(), ...displayed.keys()])]
        .filter((member) => published.get(member) !== displayed.get(member))
        .map((member) => ({
          period,
          member: `${member} (HTTP)`,
          expected: String(published.get(member) ?? 'none'),
          published: String(displayed.get(member) ?? 'none'),
        }));
    });
  }
  return null;
}
