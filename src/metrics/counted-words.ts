// Counters with labels that the program counts itself, at the moment when something happens. All their series exist from
// the start.

import { NODE_STATES, type NodeState } from '../lifecycle/node-state.ts';
import type { MetricNames, MetricsRegistry } from './registry.ts';

type Unlabelled = Omit<MetricNames, 'labels'>;

/** Adds a counter with one label, whose values are `words`. The returned function counts one. */
export function countWords<W extends string>(
  registry: MetricsRegistry,
  names: Unlabelled,
  label: string,
  words: readonly W[],
): (word: W) => void {
  const counter = registry.counter({ ...names, labels: [label] });
  for (const word of words) counter.inc({ [label]: word }, 0);
  return (word) => counter.inc({ [label]: word });
}

/** Adds a counter of changes of state, with the labels `from` and `to`. The returned function counts one. */
export function countTransitions(
  registry: MetricsRegistry,
  names: Unlabelled,
): (from: NodeState, to: NodeState) => void {
  const counter = registry.counter({ ...names, labels: ['from', 'to'] });
  for (const from of NODE_STATES) for (const to of NODE_STATES) if (from !== to) counter.inc({ from, to }, 0);
  return (from, to) => counter.inc({ from, to });
}
