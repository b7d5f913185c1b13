// How long a machine may be silent before it is stale, offline and forgotten. Only the numbers: who measures the silence
// and acts on it is elsewhere.

import type { LifecycleThresholds } from '../../lifecycle/lifecycle.ts';

/**
 * Miners poll every second. A machine is stale after a minute of silence and offline after five, when `/stats` calls it
 * inactive too. Its actor forgets it after a day, when it leaves every list.
 */
export const MACHINE_LIFE: LifecycleThresholds = {
  staleAfterMs: 60_000,
  offlineAfterMs: 300_000,
  forgetAfterMs: 86_400_000,
};
