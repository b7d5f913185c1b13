// What `agent check-config` checks: the settings, and whether this user may use or make the state file.

import type { SettingsCheck } from '../../cli/check-config.ts';
import { requirePlace } from '../../store/database-place.ts';
import { requireOneName } from '../../store/one-name.ts';
import { requireOwnFile } from '../../store/program-identity.ts';
import { readSettings, SETTINGS } from '../config/settings.ts';
import { AGENT_DATABASE } from '../store/agent-database.ts';

/** The check. */
export const AGENT_CHECK: SettingsCheck = {
  besides: 'It says whether this user may use or make the state file of DB_PATH.',
  settings: SETTINGS,
  check(env) {
    const { settings, warnings } = readSettings(env);
    const { databasePath, databaseLink } = settings;
    requirePlace(databasePath);
    requireOneName(databasePath);
    requireOwnFile(databasePath, AGENT_DATABASE, 'start');
    return { warnings, notes: databaseLink === undefined ? [] : [`DB_PATH leads to ${databasePath}`] };
  },
};
