// What a program must describe for the commands that every program has (`program-commands.ts`).

import type { SettingRow } from '../config/definition.ts';
import type { Environment } from '../config/environment.ts';
import type { DatabaseProgram } from '../store/database.ts';

/** The settings of a program that these commands need. */
export interface DatabaseSettings {
  readonly databasePath: string;
  /** `DB_PATH` as written, if it leads to another path. */
  readonly databaseLink?: string | undefined;
  /** A folder that belongs to the program; `backup` writes no file into it. */
  readonly ownFolder?: string;
  /** Sentences about settings that are valid but perhaps not intended. */
  readonly warnings: readonly string[];
}

/** A program as these commands know it. */
export interface Program<Summary extends object = object> {
  readonly database: DatabaseProgram<Summary>;
  /** Every setting, in the order of the documentation. */
  readonly settings: readonly SettingRow[];
  /** Reads and checks all settings. Errors: `settings_invalid`, with every mistake. */
  readSettings(env: Environment): DatabaseSettings;
  /** Describes the summary of a whole database in a few words: `20 tasks, …`. */
  describe(summary: Summary): string;
  /** A sentence for the help of `backup`: which data a backup does not contain. */
  readonly notInBackup: string;
  /** A sentence for the help of `restore`: what the next start does. */
  readonly afterRestore: string;
}
