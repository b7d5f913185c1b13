// What the public page reads of the live numbers: nodes by state, and whether the numbers are current. It leaves out
// everything about ingest, messages, the cluster and the reasons of a trouble, which concern the operator alone.

import type { JsonObject } from '../../lib/merge-patch.ts';

/** The members that stay, in their order. */
export const PUBLIC_MEMBERS = [
  'status',
  'catchingUp',
  'brokerConnected',
  'aggregatorId',
  'publishIntervalMs',
  'staleAfterMs',
  'lastTickAt',
  'lastHeardAt',
  'nodes',
] as const;

/** The public part of the live numbers. */
export function publicState(current: JsonObject): JsonObject {
  return Object.fromEntries(PUBLIC_MEMBERS.map((name) => [name, current[name] ?? null]));
}
