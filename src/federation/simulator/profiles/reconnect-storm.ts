// The profile `reconnect-storm`: all connections are cut at once, three times, and come back as agents do. With a long
// cut there is a fourth one, after which the broker stays away until the delays of the agents have grown; then the
// arrivals must be spread, and nobody may be thrown out again.

import type { Incident, Profile } from '../load-plan.ts';
import { planWithCuts } from './cuts.ts';

/** The moments of the cuts, as fractions of the duration. */
const CUTS_AT = [0.2, 0.4, 0.6];
const LONG_CUT_AT = 0.8;
/** The longest delay of an agent. After a shorter absence the arrivals could not be spread over 30 s. */
const AWAY_MS = 60_000;
/** Time within which all nodes must be back after a plain cut. */
const BACK_WITHIN_MS = 10_000;

/** The profile `reconnect-storm`. */
export const RECONNECT_STORM: Profile = {
  summary: 'all connections are cut at once, three times; each node comes back at random, as an agent does',
  limits: [],
  plan(options) {
    const cut = (share: number, awayMs: number): Incident => ({
      type: 'cut',
      atMs: Math.floor(options.durationMs * share),
      awayMs,
    });
    const cuts = CUTS_AT.map((share) => cut(share, 0));
    const incidents = options.hasLongCut ? [...cuts, cut(LONG_CUT_AT, AWAY_MS)] : cuts;
    return planWithCuts(options, incidents, BACK_WITHIN_MS);
  },
};
