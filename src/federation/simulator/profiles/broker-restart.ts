// The profile `broker-restart`: a command of the operator restarts the broker in the middle of the run.

import { CodedError } from '../../../lib/errors.ts';
import type { Profile } from '../load-plan.ts';
import { planWithCuts } from './cuts.ts';

/** Time within which all nodes must be back: a restart, and the delays of an agent meanwhile. */
const BACK_WITHIN_MS = 120_000;

/** The profile `broker-restart`. */
export const BROKER_RESTART: Profile = {
  summary: '--restart-command restarts the broker in the middle',
  limits: [],
  plan(options) {
    if (!options.hasRestartCommand) {
      throw new CodedError('usage', '--profile broker-restart: give --restart-command CMD.');
    }
    const atMs = Math.floor(options.durationMs / 2);
    return planWithCuts(options, [{ type: 'restart', atMs }], BACK_WITHIN_MS);
  },
};
