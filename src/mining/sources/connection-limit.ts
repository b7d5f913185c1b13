// How many miners may be connected: as many as the limit of open files allows, up to a bound. It opens nothing.

import { RAISE_OWN_LIMIT } from '../../lib/descriptors.ts';

/** Most connections of miners: for 10,000 miners, some of which hold two. */
export const MINER_CONNECTIONS_MAX = 16_384;
/** Open files that stay free for the database, the log, upstreams and the dashboard, if they are at most half of all. */
export const RESERVED_DESCRIPTORS = 256;

/** The number of connections, and what the operator should know about it. */
export interface ConnectionLimit {
  /** At least 1. */
  readonly connectionsMax: number;
  /** A sentence if the limit of open files allows fewer than {@link MINER_CONNECTIONS_MAX}; null otherwise. */
  readonly warning: string | null;
}

/**
 * The limit for this many open files (null for no limit). A quarter of them, at least 256, stays for other purposes; of
 * fewer than 512 it is half.
 */
export function fitConnections(openFilesMax: number | null): ConnectionLimit {
  if (openFilesMax === null) return { connectionsMax: MINER_CONNECTIONS_MAX, warning: null };
  const free =
    openFilesMax -
    Math.max(Math.min(RESERVED_DESCRIPTORS, Math.ceil(openFilesMax / 2)), Math.floor(openFilesMax / 4));
  if (free >= MINER_CONNECTIONS_MAX) return { connectionsMax: MINER_CONNECTIONS_MAX, warning: null };
  const connectionsMax = Math.max(1, free);
  return {
    connectionsMax,
    warning: `The limit of open files is ${openFilesMax}, so at most ${connectionsMax} miners can be connected at a time, and further connections are refused: ${RAISE_OWN_LIMIT}.`,
  };
}

/**
 * Most connections of one address. Thousands of miners may stand behind one NAT or proxy, so it is nearly all of them;
 * one eighth stays for others.
 */
export function shareOfOneAddress(connectionsMax: number): number {
  return Math.max(1, connectionsMax - Math.floor(connectionsMax / 8));
}
