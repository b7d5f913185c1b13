// The profiles of `aggregator loadtest` by name.

import type { Profile } from './load-plan.ts';
import { BROKER_RESTART } from './profiles/broker-restart.ts';
import { BURST } from './profiles/burst.ts';
import { DUPLICATES } from './profiles/duplicates.ts';
import { IDENTITY_FLOOD } from './profiles/identity-flood.ts';
import { MALFORMED } from './profiles/malformed.ts';
import { RECONNECT_STORM } from './profiles/reconnect-storm.ts';
import { REORDER } from './profiles/reorder.ts';
import { SKEWED_CLOCKS } from './profiles/skewed-clocks.ts';
import { STEADY } from './profiles/steady.ts';

/** The profiles, in the order in which they are listed. */
export const PROFILES = {
  steady: STEADY,
  burst: BURST,
  'reconnect-storm': RECONNECT_STORM,
  duplicates: DUPLICATES,
  reorder: REORDER,
  'skewed-clocks': SKEWED_CLOCKS,
  malformed: MALFORMED,
  'identity-flood': IDENTITY_FLOOD,
  'broker-restart': BROKER_RESTART,
} as const satisfies Readonly<Record<string, Profile>>;

/** The name of a profile. */
export type ProfileName = keyof typeof PROFILES;

/** The profile of a name; null if there is none. */
export function profileName(name: string): ProfileName | null {
  return Object.hasOwn(PROFILES, name) ? (name as ProfileName) : null;
}
