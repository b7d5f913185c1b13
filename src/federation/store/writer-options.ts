// Makes the writer's options from the settings: the same for the running program and for a command that opens the file
// itself.

import type { Settings } from '../config/settings.ts';
import type { WriterOptions } from './writer.ts';
import { DAY_MS } from '../../lib/durations.ts';

/**
 * Ids per generation of the recently used tasks, and of the invoices. Two generations are held, at some 700 bytes per
 * id.
 */
export const HOT_MAP_GENERATION_ENTRIES = 50_000;
/**
 * The same for nodes. Each node beats every 30 s; with more nodes than this every heartbeat reads its row from the
 * database.
 */
export const HOT_NODES_GENERATION_ENTRIES = 100_000;
/** Maximum number of transitions per node; the oldest are deleted first (docs/federation.md#transitions). */
export const TRANSITIONS_PER_NODE_MAX = 1_000;

/** The options of a {@link FederationWriter} for these settings. */
export function writerOptions(
  settings: Pick<Settings, 'limits' | 'lifecycle' | 'retentionDays' | 'publish'>,
): WriterOptions {
  return {
    limits: settings.limits,
    offlineAfterMs: settings.lifecycle.offlineAfterMs,
    retentionMs: settings.retentionDays * DAY_MS,
    generationSize: HOT_MAP_GENERATION_ENTRIES,
    nodesGenerationSize: HOT_NODES_GENERATION_ENTRIES,
    transitionsPerNodeMax: TRANSITIONS_PER_NODE_MAX,
    publishIntervalMs: settings.publish.intervalMs,
  };
}
