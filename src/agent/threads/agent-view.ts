// The snapshot of the running agent, put together from its parts. It asks each part once and decides nothing.

import type { AgentSettings } from '../config/settings.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import type { NodeCounts } from '../domain/messages.ts';
import type { ShortPeriod, StatisticsOutcome, StatisticsRow } from '../domain/network-statistics.ts';
import type { ReaderReport } from '../domain/reader-report.ts';
import type { AgentView, LinkView, MessageCount } from '../domain/view.ts';

/** What the view is made of; null for what is not there before the state is open. */
export interface ViewParts {
  readonly settings: AgentSettings;
  readonly identity: AgentIdentity | null;
  readonly isDemonstration: boolean;
  readonly startedMs: number;
  readonly link: {
    view(): LinkView;
    messageCounts(): readonly MessageCount[];
    statisticsCounts(): Readonly<Record<StatisticsOutcome, number>>;
    readonly offeredKey: object | null;
  } | null;
  readonly report: ReaderReport | null;
  readonly counts: NodeCounts | null;
  readonly statistics: StatisticsRow | null;
  readonly periods: Readonly<Partial<Record<ShortPeriod, StatisticsRow>>>;
  readonly logLinesDropped: number;
}

const NO_COUNTS: NodeCounts = { active: 0, total: 0, received: 0, completed: 0, failed: 0, invoices: 0 };

/** Makes the snapshot. Throws before the state is open, when nothing is served yet. */
export function agentView(parts: ViewParts): AgentView {
  const { identity, link, report } = parts;
  if (identity === null || link === null) throw new Error('the agent has not started');
  return {
    nodeId: identity.nodeId,
    isEnabled: identity.isEnabled,
    sharesTasks: identity.sharesTasks,
    isDemonstration: parts.isDemonstration,
    startedMs: parts.startedMs,
    link: link.view(),
    sources: report?.sources ?? [],
    counts: report?.counts ?? parts.counts ?? NO_COUNTS,
    waiting: report?.waiting ?? 0,
    queueMax: parts.settings.queueMax,
    awaitingMetrics: report?.awaitingMetrics ?? 0,
    facts: report?.facts ?? { known: 0, remembered: 0, queued: 0 },
    factCounts: report?.factCounts ?? [],
    messageCounts: link.messageCounts(),
    unreadCounts: report?.unreadCounts ?? [],
    statistics: parts.statistics,
    periods: parts.periods,
    statisticsCounts: link.statisticsCounts(),
    isOtherKeyOffered: link.offeredKey !== null,
    stateProblem: report?.stateProblem ?? null,
    databaseBytes: report?.databaseBytes ?? 0,
    logLinesDropped: parts.logLinesDropped,
  };
}
