// The shape of a command: its options and operands, or the commands behind its name. Shell completion is made of it. It runs
// nothing.

import type { Options } from './command-line.ts';

/** A command that does work. */
export interface WorkShape {
  readonly type: 'work';
  readonly options: Options;
  readonly operands: readonly string[];
}

/** A command whose next word names one of several commands. */
export interface GroupShape {
  readonly type: 'group';
  readonly commands: Readonly<Record<string, ShapedEntry>>;
  /** The command that is called without a word. */
  readonly standard: string | null;
}

/** A command of a group, as far as its shape is concerned. */
export interface ShapedEntry {
  readonly summary: string;
  load(): Promise<{ shape(): Promise<CommandShape> }>;
}

/** The shape of any command. */
export type CommandShape = WorkShape | GroupShape;
