// The commands that every program has, as entries for its group, and that group.

import { type Command, type Entry, group } from './command.ts';
import type { DoctorSubject } from './doctor.ts';
import type { Program, StoredProgram } from './program.ts';
import type { StatusView } from './status.ts';

/** Loads a program when one of its commands is called. `status` loads no database code. */
export interface ProgramLoader<Summary extends object> {
  program(): Promise<Program<Summary>>;
  statusView(): Promise<StatusView>;
  doctor(): Promise<DoctorSubject>;
}

/** Loads the description of a program whose settings are not in the environment; it has a `check-config` of its own. */
export interface StoredProgramLoader<Summary extends object> {
  program(): Promise<StoredProgram<Summary>>;
  statusView(): Promise<StatusView>;
  doctor(): Promise<DoctorSubject>;
  checkConfig(): Promise<Command>;
}

/** Returns `status`, `check-config`, `doctor`, `backup` and `restore` of a program. */
export function programCommands<Summary extends object>({
  program,
  statusView,
  doctor,
}: ProgramLoader<Summary>): Readonly<Record<string, Entry>> {
  return storedProgramCommands({
    program,
    statusView,
    doctor,
    checkConfig: async () => (await import('./check-config.ts')).checkConfigCommand(await program()),
  });
}

/** Returns the same commands of a program that has a `check-config` of its own. */
export function storedProgramCommands<Summary extends object>({
  program,
  statusView,
  doctor,
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
    doctor: doctorEntry(doctor),
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

/** The entry of `doctor` for a group. */
export function doctorEntry(doctor: () => Promise<DoctorSubject>): Entry {
  return {
    summary: 'look at settings, folders, ports, servers, versions and the clock; changes nothing',
    load: async () => (await import('./doctor.ts')).doctorCommand(await doctor()),
  };
}

/** The exit codes of a group of commands, for its help. */
export const GROUP_EXIT =
  '0 done, or stopped in order; 1 failed or refused; 2 wrong usage, unless the help of a command says otherwise.';

/** A program whose commands stand behind its name. */
export interface NamedProgram {
  readonly summary: string;
  readonly about: string;
  /** Its commands; without a word the one with the name `run` is called. */
  readonly commands: Readonly<Record<string, Entry>>;
}

/** Returns the entry of such a program for the command line. */
export function programEntry({ summary, about, commands }: NamedProgram): Entry {
  return {
    summary,
    load: () => Promise.resolve(group({ about, commands, standard: 'run', exit: GROUP_EXIT })),
  };
}
