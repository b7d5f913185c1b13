// Puts together what a process shows of its cluster. Pure: it asks nobody.

import type { ShardSight } from '../domain/cluster-status.ts';
import type { Place, SourcePosition } from '../domain/cluster.ts';

/** The input streams: those that are split, by name, and those of `sources`, of which this replica has applied something. */
export function shardSights(
  splitters: ReadonlyMap<string, string | null>,
  sources: readonly SourcePosition[],
  nowMs: number,
): readonly ShardSight[] {
  const names = new Set([...splitters.keys(), ...sources.map(({ stream }) => stream)]);
  return [...names].toSorted().map((stream) => {
    const position = newestOf(sources.filter((source) => source.stream === stream));
    return {
      stream,
      splitter: splitters.get(stream) ?? null,
      position,
      lagMs: position === null ? 0 : Math.max(0, nowMs - position.watermarkMs),
    };
  });
}

/** The incarnation of a stream that was heard last. */
function newestOf(sources: readonly SourcePosition[]): SourcePosition | null {
  return sources.reduce<SourcePosition | null>(
    (newest, source) => (newest === null || source.watermarkMs > newest.watermarkMs ? source : newest),
    null,
  );
}

/**
 * What is amiss with this replica and its partners. `doubles`: other processes with its name; `differing`: replicas whose
 * rows are other ones. The active replica is believed.
 */
export function warningsOf(
  own: Place,
  doubles: readonly Place[],
  differing: readonly string[],
): { readonly problem: string | null; readonly warnings: readonly string[] } {
  const warnings = doubles.map(
    ({ http }) =>
      `Two processes have the name "${own.replica}", at ${own.http} and at ${http}: give one of them another REPLICA.`,
  );
  if (differing.length === 0) return { problem: null, warnings };
  const names = differing.map((replica) => `"${replica}"`).join(', ');
  if (own.isActive) {
    const sentence = `The rows of the replica ${names} differ from those of this one, the active one: seed it again (npm run cluster -- seed).`;
    return { problem: null, warnings: [...warnings, sentence] };
  }
  return {
    problem: `the rows of this replica differ from those of ${names}: seed this replica again (npm run cluster -- seed)`,
    warnings,
  };
}
