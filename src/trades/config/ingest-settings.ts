// The settings of the reference backend: one table, read from the environment. Its keys come from an option or from the
// settings of the service.

import { rowsOf, setting, type SettingRow } from '../../config/definition.ts';
import { type Environment, thisMachine } from '../../config/environment.ts';
import { databaseFile, wholeNumberOrZero } from '../../config/kinds.ts';
import { LOG_FORMAT, LOG_LEVEL } from '../../config/log-settings.ts';
import { readTable } from '../../config/read-settings.ts';
import { ownPath } from '../../lib/real-path.ts';

/** All settings by name, in the order of the documentation. */
export const INGEST_DEFINITIONS = {
  INGEST_PORT: setting(
    wholeNumberOrZero('any free port', 1, 65_535),
    3010,
    'Port at 127.0.0.1 on which the reference backend takes summaries and shows its page; 0 is any free one.',
  ),
  INGEST_DB_PATH: setting(
    databaseFile,
    'data/ingest.db',
    'The database file of the reference backend. The program makes a missing folder.',
  ),
  LOG_LEVEL,
  LOG_FORMAT,
} as const;

/** Every setting, in the order of the documentation; a test compares the table of docs/trades.md with it. */
export const INGEST_SETTINGS: readonly SettingRow[] = rowsOf(INGEST_DEFINITIONS);

/** The settings of one run of the reference backend. */
export interface IngestSettings {
  /** Port 0 chooses any free port. */
  readonly port: number;
  /** The path with links followed, so that every process that uses this file has the same path. */
  readonly databasePath: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'json' | 'text' };
}

/** Reads and checks the settings; an empty value counts as unset. Throws `settings_invalid` with all mistakes. */
export function readIngestSettings(
  env: Environment,
  isTerminal = thisMachine().isTerminal,
): { readonly settings: IngestSettings; readonly warnings: readonly string[] } {
  const { values, warnings } = readTable({ table: INGEST_DEFINITIONS, brokenRules: () => [] }, env);
  return {
    settings: {
      port: values.INGEST_PORT,
      databasePath: ownPath(values.INGEST_DB_PATH),
      log: { level: values.LOG_LEVEL, format: values.LOG_FORMAT ?? (isTerminal ? 'text' : 'json') },
    },
    warnings,
  };
}
