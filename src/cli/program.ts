// What a program must describe for the commands that every program has (`program-commands.ts`).

import type { SettingRow } from '../config/definition.ts';
import type { Environment } from '../config/environment.ts';
import type { DatabaseProgram } from '../store/database.ts';
import type { Options } from './command-line.ts';

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

/** The values of a command's options by name, as far as a program has to look at them. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** A program as the commands know it that read its database. */
export interface StoredProgram<Summary extends object = object> {
  readonly database: DatabaseProgram<Summary>;
  /** What an operator calls the setting that has the path of the database. */
  readonly databaseSetting: string;
  /** Options of every command that say where the settings are; none if they are in the environment. */
  readonly settingsOptions?: Options;
  /** Reads and checks all settings. Errors: `settings_invalid`, with every mistake. */
  readSettings(env: Environment, given: GivenOptions): DatabaseSettings;
  /** Describes the summary of a whole database in a few words: `20 tasks, …`. */
  describe(summary: Summary): string;
  /** A sentence for the help of `backup`: which data a backup does not contain. */
  readonly notInBackup: string;
  /** A sentence for the help of `restore`: what the next start does. */
  readonly afterRestore: string;
}

/** A program whose settings are environment variables. */
export interface Program<Summary extends object = object> extends StoredProgram<Summary> {
  /** Every setting, in the order of the documentation. */
  readonly settings: readonly SettingRow[];
  /** Checks the files that the settings name, and describes them in lines without secrets. Errors: `settings_invalid`. */
  checkFiles?(env: Environment): { readonly warnings: readonly string[]; readonly notes: readonly string[] };
}
