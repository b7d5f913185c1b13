// The profile `skewed-clocks`: the clocks of the nodes are a year wrong, or say nothing that is a time. The aggregator
// never reads them.

import { createRandom, type Random } from '../../../lib/random.ts';
import { connectionsOf, type Profile } from '../load-plan.ts';
import { exactly, planOrderFree } from './steady.ts';

const YEAR_MS = 365 * 86_400_000;
/** Values of `timestamp` that are no time; `undefined` leaves it out. */
const NO_TIMES: readonly unknown[] = [
  undefined,
  null,
  '',
  'yesterday',
  '2026-13-45T99:99:99Z',
  '0000-00-00T00:00:00.000Z',
  '+275760-09-13T00:00:00.001Z',
  0,
  -1,
  1e300,
  true,
  [],
  { seconds: 1 },
  'x'.repeat(1000),
];

function wrongTime(nowMs: number, random: Random): unknown {
  const way = random.below(3);
  if (way === 2) return random.pick(NO_TIMES);
  return new Date(nowMs + (way === 0 ? YEAR_MS : -YEAR_MS)).toISOString();
}

/** The message with another `timestamp`. */
function withTime(payload: Uint8Array, timestamp: unknown): Uint8Array {
  const members = JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...members, timestamp }));
}

/** The profile `skewed-clocks`. */
export const SKEWED_CLOCKS: Profile = {
  summary: 'timestamps are a year early or late, absent, or no time at all',
  limits: [],
  plan(options) {
    const plan = planOrderFree(options);
    const random = createRandom(options.seed, 'clocks');
    const messages = plan.messages.map((message) => ({
      ...message,
      payload: withTime(message.payload, wrongTime(options.startAtMs + message.atMs, random)),
    }));
    return { messages, ...connectionsOf(plan), incidents: [], demands: exactly(messages), notes: [] };
  },
};
