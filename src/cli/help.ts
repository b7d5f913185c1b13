// Makes the text of --help from a command's declaration.

import type { Options } from './command-line.ts';
import { ENV_FILE_HELP } from './global-options.ts';

/** The help texts of a command. */
export interface CommandTexts<O extends Options = Options> {
  /** What the command does, in sentences; an empty line separates two paragraphs. */
  readonly about: string;
  /** Names of the operands that must follow, for example `['FILE']`; of a last one `['ID…']` any number, or none. */
  readonly operands?: readonly string[];
  readonly options: O;
  /** A table below the options: the name and the meaning of each row. */
  readonly table?: readonly (readonly [string, string])[];
  /** The meaning of each exit code. */
  readonly exit: string;
}

/** The help texts of a group of commands. */
export interface GroupTexts {
  readonly about: string;
  /** In the order of the help text. */
  readonly commands: Readonly<Record<string, { readonly summary: string }>>;
  /** The command that runs if the arguments name none; without it the arguments must name one. */
  readonly standard?: string;
  readonly exit: string;
}

/** Maximum number of columns in a line. */
const WIDTH = 110;

/** The text of `NAME --help`: usage, description, options with defaults, exit codes. */
export function commandHelp(
  name: string,
  { about, operands = [], options, table = [], exit }: CommandTexts,
): string {
  const rows = Object.entries(options).map(([option, given]) => {
    if (given.type === 'boolean') return [`--${option}`, given.help] as const;
    const standard = 'default' in given ? given.default : '';
    const short = given.short === undefined ? '' : `-${given.short}, `;
    return [
      `${short}--${option} ${given.value}`,
      standard === '' ? given.help : `${given.help}; default ${standard}`,
    ] as const;
  });
  const words = [name, ...operands, '[options]'];
  return page(words, about, [[...rows, ENV_FILE_HELP], table], exit);
}

/** The text of a group's `--help`: its commands, each with its summary. */
export function groupHelp(name: string, { about, commands, standard, exit }: GroupTexts): string {
  const rows = Object.entries(commands).map(
    ([command, { summary }]) =>
      [command, command === standard ? `${summary} (the default)` : summary] as const,
  );
  const words = [name, standard === undefined ? 'COMMAND' : '[COMMAND]', '[options]'];
  return page(
    words,
    `${about}\n\n${name} COMMAND --help says more of each. --version prints the version. --env-file FILE, before or behind a command, reads settings from a file too; a variable of the environment wins.`,
    [rows],
    exit,
  );
}

function page(
  usage: readonly string[],
  about: string,
  tables: readonly (readonly (readonly [string, string])[])[],
  exit: string,
): string {
  const texts = about.split('\n\n').map((text) => `${wrapped(text)}\n`);
  const shown = tables.filter((rows) => rows.length > 0).map(tableText);
  return [`Usage: ${usage.join(' ')}\n`, ...texts, ...shown, `${wrapped(`Exit code: ${exit}`)}\n`].join('\n');
}

function tableText(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.map(([left, right]) => `${`  ${left}`.padEnd(width)}${wrapped(right, width)}\n`).join('');
}

/** Breaks the text into lines of at most {@link WIDTH} columns; `indent` spaces precede every line but the first. */
function wrapped(text: string, indent = 0): string {
  const lines = new RegExp(`(.{1,${WIDTH - indent}})(?: |$)`, 'g');
  return [...text.replaceAll('\n', ' ').matchAll(lines)]
    .map(([, line]) => line)
    .join(`\n${' '.repeat(indent)}`);
}
