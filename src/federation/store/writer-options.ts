// From settings to the writer's options: the same for the running program and for a command that opens the file itself.

import type { Settings } from '../config/settings.ts';
import type { WriterOptions } from './writer.ts';
import { DAY_MS } from '../../lib/durations.ts';

/** Ids per generation of the map of recently touched rows; two generations are kept, some 700 bytes an id. */
export const HOT_MAP_GENERATION_ENTRIES = 50_000;
/** The same for nodes. They come round again every 30 s: of more than this, each beat reads its row again. */
export const HOT_NODES_GENERATION_ENTRIES = 100_000;
/** Transitions kept per node, the oldest go first (section 4). */
export const TRANSITIONS_PER_NODE_MAX = 1_000;

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
