// The text of --help, made of what a command declares.

import type { Options } from './command-line.ts';

/** What help says of a command. */
export interface CommandTexts<O extends Options = Options> {
  /** What it does, in sentences; an empty line parts two paragraphs. */
  readonly about: string;
  /** What must follow, for example `['FILE']`. */
  readonly operands?: readonly string[];
  readonly options: O;
  /** What each exit code means. */
  readonly exit: string;
}

/** What help says of a group of commands. */
export interface GroupTexts {
  readonly about: string;
  /** In the order in which they are listed. */
  readonly commands: Readonly<Record<string, { readonly summary: string }>>;
  /** The command that runs where none is named; else one must be. */
  readonly standard?: string;
  readonly exit: string;
}

/** Columns of a line. */
const WIDTH = 110;

/** What `NAME --help` prints: usage, what it does, options with defaults, exit codes. */
export function commandHelp(name: string, { about, operands = [], options, exit }: CommandTexts): string {
  const rows = Object.entries(options).map(([option, given]) => {
    if (given.type === 'boolean') return [`--${option}`, given.help] as const;
    const standard = 'default' in given ? given.default : '';
    return [
      `--${option} ${given.value}`,
      standard === '' ? given.help : `${given.help}; default ${standard}`,
    ] as const;
  });
  const words = [name, ...operands, ...(rows.length > 0 ? ['[options]'] : [])];
  return page(words, about, rows, exit);
}

/** What `--help` of a group prints: its commands, each with what it is for. */
export function groupHelp(name: string, { about, commands, standard, exit }: GroupTexts): string {
  const rows = Object.entries(commands).map(
    ([command, { summary }]) =>
      [command, command === standard ? `${summary} (the default)` : summary] as const,
  );
  const words = [name, standard === undefined ? 'COMMAND' : '[COMMAND]', '[options]'];
  return page(words, `${about}\n\n${name} COMMAND --help says more of each.`, rows, exit);
}

function page(
  usage: readonly string[],
  about: string,
  rows: readonly (readonly [string, string])[],
  exit: string,
): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 4;
  const table = rows.map(([left, right]) => `${`  ${left}`.padEnd(width)}${wrapped(right, width)}\n`);
  const parts = [`Usage: ${usage.join(' ')}\n`, ...about.split('\n\n').map((text) => `${wrapped(text)}\n`)];
  return [...parts, ...(rows.length > 0 ? [table.join('')] : []), `${wrapped(`Exit code: ${exit}`)}\n`].join(
    '\n',
  );
}

/** The text in lines of at most {@link WIDTH} columns, each but the first behind `indent` blanks. */
function wrapped(text: string, indent = 0): string {
  const lines = new RegExp(`(.{1,${WIDTH - indent}})(?: |$)`, 'g');
  return [...text.replaceAll('\n', ' ').matchAll(lines)]
    .map(([, line]) => line)
    .join(`\n${' '.repeat(indent)}`);
}
