// Checks, before anything is sent, whether a plan would exceed the aggregator's limits (docs/federation.md#limits). A
// rate-limited message stores nothing, so a run that exceeds a limit proves nothing. The check is deliberately a little
// stricter than the aggregator.

import type { PlannedMessage } from './statement.ts';

/** The answer of `GET /api/federation/limits`; 0 turns a limit off. */
export interface AggregatorLimits {
  readonly ratePerMinute: number;
  readonly rateBurst: number;
  readonly globalPerSecond: number;
  readonly newNodesPerMinute: number;
  readonly maxNodes: number;
}

/** Share of the burst that is reserved for messages that arrive closer together than they were sent. */
const BURST_MARGIN = 0.1;

/** The first time at which a node's token bucket would be empty; null if none would be. */
function firstOverRateMs(messages: readonly PlannedMessage[], limits: AggregatorLimits): number | null {
  const capacity = Math.max(1, limits.rateBurst * (1 - BURST_MARGIN));
  const perMs = limits.ratePerMinute / 60_000;
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  for (const { nodeId, atMs } of messages) {
    const bucket = buckets.get(nodeId) ?? { tokens: capacity, atMs };
    const tokens = Math.min(capacity, bucket.tokens + (atMs - bucket.atMs) * perMs) - 1;
    if (tokens < 0) return atMs;
    buckets.set(nodeId, { tokens, atMs });
  }
  return null;
}

/**
 * Number of messages that token buckets, one for each node, would refuse: a bucket holds `capacity` tokens, of which each
 * message takes one, and gets `perMs` in a millisecond.
 */
export function limitedBy(messages: readonly PlannedMessage[], capacity: number, perMs: number): number {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  let limited = 0;
  for (const { nodeId, atMs } of messages) {
    const bucket = buckets.get(nodeId) ?? { tokens: capacity, atMs };
    const tokens = Math.min(capacity, bucket.tokens + (atMs - bucket.atMs) * perMs);
    if (tokens < 1) limited += 1;
    buckets.set(nodeId, { tokens: tokens < 1 ? tokens : tokens - 1, atMs });
  }
  return limited;
}

/** The maximum number of times within any span of `windowMs`; `timesMs` are ascending. */
export function peakWithin(timesMs: readonly number[], windowMs: number): number {
  let peak = 0;
  let first = 0;
  timesMs.forEach((atMs, index) => {
    while ((timesMs[first] ?? atMs) <= atMs - windowMs) first += 1;
    peak = Math.max(peak, index - first + 1);
  });
  return peak;
}

function firstMessagesMs(messages: readonly PlannedMessage[]): readonly number[] {
  const seen = new Set<string>();
  const timesMs: number[] = [];
  for (const { nodeId, atMs } of messages) {
    if (!seen.has(nodeId)) timesMs.push(atMs);
    seen.add(nodeId);
  }
  return timesMs;
}

/**
 * One sentence per limit that the plan would exceed; none if it may be sent. `activeNodes` is the number of nodes that
 * are already there.
 */
export function exceededLimits(
  messages: readonly PlannedMessage[],
  limits: AggregatorLimits,
  activeNodes: number,
): readonly string[] {
  const sentences: string[] = [];
  const joinsMs = firstMessagesMs(messages);
  const overMs = limits.ratePerMinute > 0 ? firstOverRateMs(messages, limits) : null;
  if (overMs !== null) {
    const limit = `${limits.ratePerMinute} messages per node and minute (RATE_LIMIT_PER_MINUTE, burst ${limits.rateBurst})`;
    const at = (overMs / 1000).toFixed(0);
    sentences.push(
      `The limit of ${limit} would be met after ${at} s: lower --rate or --duplicates, or set it to 0.`,
    );
  }
  const peak = peakWithin(
    messages.map((message) => message.atMs),
    1000,
  );
  if (limits.globalPerSecond > 0 && peak > limits.globalPerSecond) {
    const limit = `${limits.globalPerSecond} messages a second (RATE_LIMIT_GLOBAL_PER_SECOND)`;
    sentences.push(
      `The limit of ${limit} would be met by up to ${peak}: lower --nodes or --rate, or set it to 0.`,
    );
  }
  const newNodes = peakWithin(joinsMs, 60_000);
  if (limits.newNodesPerMinute > 0 && newNodes > limits.newNodesPerMinute) {
    const limit = `${limits.newNodesPerMinute} new nodes a minute (NEW_NODES_PER_MINUTE)`;
    sentences.push(`The limit of ${limit} would be met by ${newNodes}: lower --nodes, or set it to 0.`);
  }
  const nodes = joinsMs.length + activeNodes;
  if (limits.maxNodes > 0 && nodes > limits.maxNodes) {
    const limit = `${limits.maxNodes} nodes (MAX_NODES)`;
    sentences.push(`The limit of ${limit} would be met by ${nodes}: lower --nodes, or set it to 0.`);
  }
  return sentences;
}
