// The names of all series that the programs expose, for tests of what reads them.

import { createMetrics as createAgentMetrics } from '../../src/agent/metrics/metrics.ts';
import { createMetrics as createFederationMetrics } from '../../src/federation/metrics/metrics.ts';
import { createMetrics as createMiningMetrics } from '../../src/mining/metrics/metrics.ts';
import { createMetrics as createTradesMetrics } from '../../src/trades/metrics/metrics.ts';
import { VIEW as AGENT_VIEW } from '../agent/http/view.ts';
import { CLUSTER } from '../federation/http/cluster.ts';
import { NOTHING } from '../federation/metrics/nothing.ts';
import { SPLITTERS } from '../federation/metrics/splitters.ts';
import { TICK } from '../federation/metrics/tick.ts';
import { STATISTICS, VIEW as MINING_VIEW } from '../mining/http/view.ts';
import { NO_BACKUP } from '../support/no-backup.ts';
import { VIEW as TRADES_VIEW } from '../trades/http/view.ts';

const COMMON = {
  feed: () => ({ clients: 0, dropped: 0, refused: 0 }),
  lastBackup: NO_BACKUP,
  nowMs: () => Date.now(),
  wallMs: (monotonicMs: number) => performance.timeOrigin + monotonicMs,
};

/** The names of all metrics of all programs; of a histogram also those with `_bucket`, `_sum` and `_count`. */
export async function exposedMetrics(): Promise<ReadonlySet<string>> {
  const programs = [
    createFederationMetrics({
      ...NOTHING,
      cluster: () => CLUSTER,
      splitters: () => SPLITTERS,
      tick: () => TICK,
    }),
    createMiningMetrics({ ...COMMON, view: () => MINING_VIEW, statistics: () => STATISTICS }),
    createTradesMetrics({ ...COMMON, view: () => TRADES_VIEW }),
    createAgentMetrics({ ...COMMON, view: () => AGENT_VIEW }),
  ];
  const texts = await Promise.all(programs.map((program) => program.text()));
  for (const program of programs) program.stop();
  return new Set(
    texts.flatMap((text) =>
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    ),
  );
}

/** The names of metrics in an expression. */
export function metricsOf(expression: string): readonly string[] {
  const withoutLabels = expression.replace(/\{[^}]*\}/g, '').replace(/\b(by|on|without) \([^)]*\)/g, '');
  return withoutLabels.match(/\b(aggregator|agent|process|nodejs)_\w+/g) ?? [];
}
