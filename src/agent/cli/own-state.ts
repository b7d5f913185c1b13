// Changes the identity in the state file of this environment, for commands that need the agent stopped.

import { complain } from '../../cli/output.ts';
import type { Environment } from '../../config/environment.ts';
import { systemClock } from '../../lib/clock.ts';
import { CodedError } from '../../lib/errors.ts';
import { ownPath } from '../../lib/real-path.ts';
import { readSome } from '../config/settings.ts';
import type { AgentIdentity } from '../domain/agent-state.ts';
import { changeIdentity, type IdentityChange } from '../store/change-identity.ts';

/** The path of the state file, with links followed. Errors: `settings_invalid`. */
export function statePath(env: Environment): string {
  return ownPath(readSome(env, ['DB_PATH']).DB_PATH);
}

/** Changes the identity; a state is made if there is none. Errors: `database_in_use` while the agent runs, and others. */
export function changeOwnIdentity(
  env: Environment,
  change: (identity: AgentIdentity) => AgentIdentity,
): IdentityChange {
  try {
    const changed = changeIdentity(statePath(env), systemClock.nowMs(), change);
    for (const warning of changed.warnings) complain(`${warning}\n`);
    return changed;
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'database_in_use') throw error;
    const sentence = `Stop the agent, then call this again. ${error.message}`;
    throw new CodedError('database_in_use', sentence, { cause: error });
  }
}
