// From settings to the writer's options: the same for the running program and for a command that opens the file itself.

import {
  HOT_MAP_GENERATION_ENTRIES,
  HOT_NODES_GENERATION_ENTRIES,
  TRANSITIONS_PER_NODE_MAX,
} from '../../config/bounds.ts';
import type { Settings } from '../../config/settings.ts';
import type { WriterOptions } from './writer.ts';

const DAY_MS = 86_400_000;

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
