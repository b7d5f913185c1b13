// What the scripts of shell completion are made of: one place for each command and each group of commands.

/** A word that may follow, with its meaning in a few words. */
export interface CompletionWord {
  readonly name: string;
  readonly summary: string;
}

/** An option that may follow. */
export interface CompletionOption {
  /** With their dashes; the long name first. */
  readonly names: readonly string[];
  readonly takes: 'nothing' | 'text' | 'file';
  readonly help: string;
}

/** One place of the command line: which words and options may follow behind the words of `path`. */
export interface CompletionPlace {
  /** The words before; none for the program itself. */
  readonly path: readonly string[];
  readonly words: readonly CompletionWord[];
  readonly options: readonly CompletionOption[];
  /** True if a file may follow that is no value of an option. */
  readonly takesFiles: boolean;
}

/** The names under which the program is called. */
export type CompletedNames = readonly [string, ...string[]];

/** The names of a place's options that take such a value. */
export function namesThatTake(
  { options }: CompletionPlace,
  takes: CompletionOption['takes'],
): readonly string[] {
  return options.flatMap((option) => (option.takes === takes ? option.names : []));
}

/** The text in single quotes, as sh, bash and zsh read it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
