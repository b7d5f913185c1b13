// The federation's badges: nodes online, known nodes, tasks, success rate. The numbers are those of the page; a number
// that the program does not have yet is no value.

import type { Badge } from '../../http/badge.ts';
import type { FederationParts } from './routes.ts';

/** Makes the badges by name. */
export function federationBadges(
  parts: Pick<FederationParts, 'nodeCounts' | 'statistics'>,
): Readonly<Record<string, Badge>> {
  return {
    online: { label: 'nodes online', value: () => whole(parts.nodeCounts().online) },
    nodes: {
      label: 'nodes',
      value: () => {
        const { online, stale, offline } = parts.nodeCounts();
        return whole(online + stale + offline);
      },
    },
    tasks: {
      label: 'tasks',
      value: () => {
        const statistics = parts.statistics('all');
        return statistics === null ? null : whole(statistics.data.totalTasks);
      },
    },
    success: {
      label: 'success rate',
      value: () => {
        const data = parts.statistics('all')?.data;
        // A rate of 0 % without a task that ended would be a wrong claim.
        if (data === undefined || data.completedTasks + data.failedTasks === 0) return null;
        return `${data.successRate}%`;
      },
    },
  };
}

/** Groups of three digits, with the point-free form that reads the same everywhere: `12 345`. */
function whole(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
}
