// What the commands that every program has (`program-commands.ts`) are told of a program.

import type { Environment } from '../config/environment.ts';
import type { DatabaseProgram } from '../store/database.ts';

/** What these commands need of a program's settings. */
export interface DatabaseSettings {
  readonly databasePath: string;
  /** `DB_PATH` as it is written, where it leads to another path. */
  readonly databaseLink?: string | undefined;
  /** A folder of the program in which no backup is written. */
  readonly ownFolder?: string;
  /** Sentences about settings that are right and perhaps not meant. */
  readonly warnings: readonly string[];
}

export interface Program<Summary extends object = object> {
  readonly database: DatabaseProgram<Summary>;
  /** Every setting: its name, and whether its value is never shown. */
  readonly settings: readonly { readonly name: string; readonly secret: boolean }[];
  /** Checks all settings. Errors: `settings_invalid`, with every mistake. */
  readSettings(env: Environment): DatabaseSettings;
  /** The summary of a whole database in a few words: `20 tasks, …`. */
  describe(summary: Summary): string;
  /** What the help of `backup` says of what is not in one. */
  readonly notInBackup: string;
  /** What the help of `restore` says of the next start. */
  readonly afterRestore: string;
}
