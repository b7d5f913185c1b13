// What a profile plans: messages, the connections over which they go, what happens to these connections, and what must
// hold afterwards.

import type { Expected } from './expected-rows.ts';
import type { AggregatorLimits } from './limits-check.ts';
import type { Plan } from './plan.ts';
import type { LoadMessage } from './statement.ts';
import type { Signer } from './signature.ts';

/** Something that happens to the connections at a planned time, in ms after the start. */
export type Incident =
  /** All connections are cut at once; for `awayMs` the broker counts as unreachable. */
  | { readonly type: 'cut'; readonly atMs: number; readonly awayMs: number }
  /** Sending pauses, and the command that restarts the broker runs. */
  | { readonly type: 'restart'; readonly atMs: number };

/** Messages that the aggregator's limits may refuse, as `rate_limited`. */
export type Limited =
  /** Any message; `least` and `most` bound how many. */
  | { readonly type: 'any'; readonly least: number; readonly most: number }
  /** Of `count` messages on `subject`, each the only one of a new node, at least `least` and at most `most`. */
  | {
      readonly type: 'newcomers';
      readonly subject: string;
      readonly count: number;
      readonly least: number;
      readonly most: number;
    };

/** What must hold after a run. */
export interface Demands {
  /** The oracle's expectation for the messages that must count, in any order of arrival. */
  readonly expected: Expected;
  /** Messages that must be refused: their number by `subject reason`. */
  readonly refused: ReadonlyMap<string, number>;
  readonly limited: Limited | null;
  /** Which published statistics are compared: all, the counts of nodes, or none. */
  readonly statistics: 'all' | 'nodes' | 'none';
  /** The time within which every node must be back after a cut. Null if no connection may be lost. */
  readonly backWithinMs: number | null;
}

/** A plan of a load test. */
export interface LoadPlan {
  /** In order of `atMs`. */
  readonly messages: readonly LoadMessage[];
  /** Every id that may become a node of the aggregator. */
  readonly nodeIds: readonly string[];
  /** The connection of each id, from 0. */
  readonly connectionOf: ReadonlyMap<string, number>;
  readonly connections: number;
  readonly incidents: readonly Incident[];
  readonly demands: Demands;
  /** What the plan leaves out, and why. */
  readonly notes: readonly string[];
}

/** What a profile is given. */
export interface ProfileOptions {
  readonly nodes: number;
  /** Messages per node and minute. */
  readonly ratePerMinute: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly nonce: string;
  readonly startAtMs: number;
  /** `reconnect-storm`: a fourth cut, after which the broker stays away. */
  readonly hasLongCut: boolean;
  /** `broker-restart`: there is a command that restarts the broker. */
  readonly hasRestartCommand: boolean;
  /** `malformed`: signs with a key that is bound to another node; null if there is none. */
  readonly foreignSigner: Signer | null;
}

/** One way to load an aggregator. */
export interface Profile {
  /** One clause: what happens. */
  readonly summary: string;
  /** The limits that the profile is about: the aggregator may refuse messages of the plan because of them. */
  readonly limits: readonly (keyof AggregatorLimits)[];
  /** Pure: the same options and limits give the same bytes. Throws CodedError `usage` if it cannot be planned. */
  plan(options: ProfileOptions, limits: AggregatorLimits): LoadPlan;
}

/** One connection for each node of a plan. */
export function connectionsOf(plan: Plan): Pick<LoadPlan, 'nodeIds' | 'connectionOf' | 'connections'> {
  const { nodeIds } = plan;
  const connectionOf = new Map(nodeIds.map((nodeId, number) => [nodeId, number]));
  return { nodeIds, connectionOf, connections: nodeIds.length };
}
