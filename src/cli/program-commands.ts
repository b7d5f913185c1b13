// The commands that every program has, as entries for its group.

import type { Command, Entry } from './command.ts';
import type { Program, StoredProgram } from './program.ts';
import type { StatusView } from './status.ts';

/** Loads a program when one of its commands is called. `status` loads no database code. */
export interface ProgramLoader<Summary extends object> {
  program(): Promise<Program<Summary>>;
  statusView(): Promise<StatusView>;
}

/** Loads the description of a program whose settings are not in the environment; it has a `check-config` of its own. */
export interface StoredProgramLoader<Summary extends object> {
  program(): Promise<StoredProgram<Summary>>;
  statusView(): Promise<StatusView>;
  checkConfig(): Promise<Command>;
}

/** Returns `status`, `check-config`, `backup` and `restore` of a program. */
export function programCommands<Summary extends object>({
  program,
  statusView,
}: ProgramLoader<Summary>): Readonly<Record<string, Entry>> {
  return storedProgramCommands({
    program,
    statusView,
    checkConfig: async () => (await import('./check-config.ts')).checkConfigCommand(await program()),
  });
}

/** Returns the same commands of a program that has a `check-config` of its own. */
export function storedProgramCommands<Summary extends object>({
  program,
  statusView,
  checkConfig,
}: StoredProgramLoader<Summary>): Readonly<Record<string, Entry>> {
  return {
    status: {
      summary: 'one screen of the running program',
      load: async () => (await import('./status.ts')).statusCommand(await statusView()),
    },
    'check-config': {
      summary: 'check the settings and print them, secrets left out; starts nothing',
      load: checkConfig,
    },
    backup: {
      summary: 'copy the database to a file, also while the program runs',
      load: async () => (await import('./backup.ts')).backupCommand(await program()),
    },
    restore: {
      summary: 'put a backup in the place of the database; the program must not run',
      load: async () => (await import('./restore.ts')).restoreCommand(await program()),
    },
  };
}
