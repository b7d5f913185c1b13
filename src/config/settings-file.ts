// Reads a settings file from the disk and by the table of its keys. It lists all mistakes at once, each with its line
// and column, without secrets. The program provides the rules between keys.

import { CodedError } from '../lib/errors.ts';
import { readByTable } from './file-reader.ts';
import { settingsTextOf } from './file-text.ts';
import type { FileTable, FileValues } from './file-values.ts';
import { type FileMistake, type FilePlace, readTree } from './yaml-tree.ts';

/** Where a program's rules between keys tell what they find. */
export interface Findings {
  /** A mistake; `place` is null if it is about a key that is missing. */
  wrong(place: FilePlace | null | undefined, sentence: string): void;
  /** Something that is right, but perhaps not intended. */
  warn(place: FilePlace | null | undefined, sentence: string): void;
}

/** A file's table, and the function that makes the settings of its values. */
export interface FileProgram<T extends FileTable, Settings> {
  readonly table: T;
  /** Makes the settings, and tells every rule between keys that is broken; it must not throw. */
  arrange(values: FileValues<T>, findings: Findings): Settings;
}

/** The settings of a file, and sentences about what is perhaps not intended. */
export interface FileSettings<T extends FileTable, Settings> {
  readonly settings: Settings;
  readonly values: FileValues<T>;
  readonly warnings: readonly string[];
}

/** Reads and checks the file. Errors: `settings_invalid` with all mistakes, or because the file cannot be read. */
export function readSettingsFile<T extends FileTable, Settings>(
  program: FileProgram<T, Settings>,
  path: string,
): FileSettings<T, Settings> {
  return readSettingsText(program, settingsTextOf(path), path);
}

/** As {@link readSettingsFile}, for the text of a file; `path` names it in errors. */
export function readSettingsText<T extends FileTable, Settings>(
  program: FileProgram<T, Settings>,
  text: string,
  path: string,
): FileSettings<T, Settings> {
  const tree = readTree(text);
  if (tree.type === 'unreadable') throw invalid(path, tree.mistakes);
  if (tree.root.type === 'scalar' && tree.root.form === 'empty') {
    throw invalid(path, [{ place: null, sentence: 'the file is empty' }]);
  }
  const { values, mistakes, warnings } = readByTable(program.table, tree.root);
  const found = { mistakes: [...mistakes], warnings: [...warnings] };
  const settings = program.arrange(values, {
    wrong: (place, sentence) => found.mistakes.push({ place: place ?? null, sentence }),
    warn: (place, sentence) => found.warnings.push({ place: place ?? null, sentence }),
  });
  if (found.mistakes.length > 0) throw invalid(path, found.mistakes);
  return { settings, values, warnings: sentencesOf(found.warnings) };
}

function invalid(path: string, mistakes: readonly FileMistake[]): CodedError {
  const heading = `${path} has ${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`}`;
  const lines = sentencesOf(mistakes).map((line) => `  ${line}`);
  return new CodedError('settings_invalid', `${heading}:\n${lines.join('\n')}`);
}

/** In the order of the file, with line and column. */
function sentencesOf(found: readonly FileMistake[]): readonly string[] {
  const at = ({ place }: FileMistake) => (place === null ? Infinity : place.line * 100_000 + place.column);
  return found
    .toSorted((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)))
    .map(({ place, sentence }) =>
      place === null ? sentence : `line ${place.line}, column ${place.column}: ${sentence}`,
    );
}
