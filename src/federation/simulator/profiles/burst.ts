// The profile `burst`: each node sends all messages of a minute within its first second. If that is beyond the limits of
// the aggregator, each message must be applied, a duplicate or rate-limited.

import { MINUTE_MS } from '../../../lib/durations.ts';
import { type AggregatorLimits, limitedBy, peakWithin } from '../limits-check.ts';
import { connectionsOf, type Demands, type Profile } from '../load-plan.ts';
import type { PlannedMessage } from '../statement.ts';
import { exactly, inOrder, planOrderFree } from './steady.ts';

const BURST_MS = 1000;
/** A burst may arrive over this time instead of a second; the rate goes on meanwhile. */
const SPREAD_MS_MAX = 10_000;
/** Share of a limit that is reserved for messages that arrive closer together than planned. */
const MARGIN = 0.1;

/** What must hold if a limit cuts the bursts; null if none does. */
function limitedDemands(
  messages: readonly PlannedMessage[],
  limits: AggregatorLimits,
): Pick<Demands, 'limited' | 'statistics'> | null {
  const { ratePerMinute, rateBurst, globalPerSecond } = limits;
  const perMs = ratePerMinute / MINUTE_MS;
  const isOn = ratePerMinute > 0;
  const most = isOn ? limitedBy(messages, rateBurst * (1 - MARGIN), perMs) : 0;
  const least = isOn ? limitedBy(messages, rateBurst + perMs * SPREAD_MS_MAX, perMs) : 0;
  const peak = peakWithin(
    messages.map(({ atMs }) => atMs),
    1000,
  );
  if (globalPerSecond > 0 && peak > globalPerSecond * (1 - MARGIN)) {
    return { limited: { type: 'any', least: 0, most: messages.length }, statistics: 'none' };
  }
  return most === 0 ? null : { limited: { type: 'any', least, most }, statistics: 'nodes' };
}

/** The profile `burst`. */
export const BURST: Profile = {
  summary: 'each node sends all messages of a minute in its first second',
  limits: ['ratePerMinute', 'globalPerSecond'],
  plan(options, limits) {
    const plan = planOrderFree(options, { stays: true });
    // A run of less than a minute is one burst.
    const spanMs = Math.min(MINUTE_MS, options.durationMs);
    const inBurst = plan.messages.map((message) => {
      const intoMs = message.atMs % MINUTE_MS;
      const atMs = message.atMs - intoMs + Math.floor((intoMs / spanMs) * BURST_MS);
      return { ...message, atMs };
    });
    const messages = inOrder(inBurst);
    const demands = { ...exactly(messages), ...limitedDemands(messages, limits) };
    return { messages, ...connectionsOf(plan), incidents: [], demands, notes: [] };
  },
};
