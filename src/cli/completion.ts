// The command `completion`: prints a script that completes the commands, options and files of this command line in a shell.
// The script is made of the declarations of the commands, so it knows what they know. It installs nothing.

import type { CommandShape, GroupShape, ShapedEntry } from './command-shape.ts';
import { type Command, command, group } from './command.ts';
import type { Options } from './command-line.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import type { CompletedNames, CompletionPlace, CompletionWord } from './completion-place.ts';
import { zshCompletion } from './completion-zsh.ts';
import { print } from './output.ts';

const SHELLS = {
  bash: {
    make: bashCompletion,
    install: 'source <(./aggregator completion bash), for example in ~/.bashrc',
  },
  zsh: {
    make: zshCompletion,
    install: 'write it to a file _aggregator in a folder of fpath, then compinit',
  },
  fish: {
    make: fishCompletion,
    install: 'write it to ~/.config/fish/completions/aggregator.fish',
  },
} as const;

/** Makes the command; `root` is the command whose words are completed, and `programs` are its names. */
export function completionCommand(root: () => Pick<Command, 'shape'>, programs: CompletedNames): Command {
  const entry = (name: keyof typeof SHELLS) => {
    const { make, install } = SHELLS[name];
    return {
      summary: `for ${name}: ${install}`,
      load: () =>
        Promise.resolve(
          command({
            about: `Prints a script that completes commands, options and files in ${name}. To use it: ${install}.`,
            options: {},
            exit: '0 printed; 2 usage.',
            async run() {
              print(make(await completionPlaces(root()), programs));
              return 0;
            },
          }),
        ),
    };
  };
  return group({
    about: 'Prints a script with which a shell completes commands, options and files. It installs nothing.',
    commands: { bash: entry('bash'), zsh: entry('zsh'), fish: entry('fish') },
    exit: '0 printed; 2 usage.',
  });
}

/** Every place of the command line: the root first, each group before its commands. Loads every command. */
export async function completionPlaces(root: Pick<Command, 'shape'>): Promise<readonly CompletionPlace[]> {
  return placesOf([], await root.shape());
}

async function placesOf(path: readonly string[], shape: CommandShape): Promise<readonly CompletionPlace[]> {
  if (shape.type === 'work') return [{ path, words: [], ...argumentsOf(shape) }];
  const inner = await Promise.all(
    Object.entries(shape.commands).map(async ([name, entry]) =>
      placesOf([...path, name], await shapeOf(entry)),
    ),
  );
  const words: CompletionWord[] = Object.entries(shape.commands).map(([name, { summary }]) => ({
    name,
    summary,
  }));
  return [{ path, words, ...(await standardOf(shape)) }, ...inner.flat()];
}

/** A group without a word takes what its standard command takes. */
async function standardOf({ standard, commands }: GroupShape): Promise<Arguments> {
  const entry = standard === null ? undefined : commands[standard];
  const shape = entry === undefined ? undefined : await shapeOf(entry);
  return argumentsOf(shape?.type === 'work' ? shape : { options: {}, operands: [] });
}

async function shapeOf(entry: ShapedEntry): Promise<CommandShape> {
  return (await entry.load()).shape();
}

type Arguments = Pick<CompletionPlace, 'options' | 'takesFiles'>;

function argumentsOf(shape: { readonly options: Options; readonly operands: readonly string[] }): Arguments {
  return {
    takesFiles: shape.operands.some(isFile),
    options: [
      ...Object.entries(shape.options).map(([name, option]) => ({
        names:
          option.type === 'string' && option.short !== undefined
            ? [`--${name}`, `-${option.short}`]
            : [`--${name}`],
        takes:
          option.type === 'boolean'
            ? ('nothing' as const)
            : isFile(option.value)
              ? ('file' as const)
              : ('text' as const),
        help: option.help,
      })),
      { names: ['--env-file'], takes: 'file', help: 'read settings from this file too' },
      { names: ['--help', '-h'], takes: 'nothing', help: 'say what the command does' },
      ...(Object.hasOwn(shape.options, 'version')
        ? []
        : [{ names: ['--version'], takes: 'nothing' as const, help: 'print the version' }]),
    ],
  };
}

/** A value or an operand with one of these names may be a file or a folder. */
function isFile(name: string): boolean {
  return /^\[?(?:FILE|DIR|FOLDER|PATH|WHERE)/.test(name);
}
