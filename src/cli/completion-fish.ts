// Makes the completion script for fish 3 and newer.

import { type CompletedNames, type CompletionPlace, namesThatTake } from './completion-place.ts';

/** The script. */
export function fishCompletion(places: readonly CompletionPlace[], programs: CompletedNames): string {
  const valued = [
    ...new Set(places.flatMap((place) => [...namesThatTake(place, 'text'), ...namesThatTake(place, 'file')])),
  ];
  const paths = places.flatMap(({ path }) => (path.length === 0 ? [] : quoted(path.join(' '))));
  const [name, ...others] = programs;
  const lines = places.flatMap((place) => {
    const start = `complete -c ${name} -n ${quoted(`__aggregator_at ${quoted(place.path.join(' '))}`)}`;
    return [
      ...place.words.map((word) => `${start} -a ${word.name} -d ${quoted(word.summary)}`),
      ...place.options.map(({ names, takes, help }) => {
        const forms = names.map((form) =>
          form.startsWith('--') ? `-l ${form.slice(2)}` : `-s ${form.slice(1)}`,
        );
        const value = { nothing: '', text: ' -x', file: ' -r -F' }[takes];
        return `${start} ${forms.join(' ')}${value} -d ${quoted(help)}`;
      }),
      ...(place.takesFiles ? [`${start} -F`] : []),
    ];
  });
  return `# Completes the commands, options and files of aggregator in fish. Made by: aggregator completion fish
function __aggregator_at --argument-names wanted
    set -l place ''
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word ${valued.join(' ')}
            set skip yes
        else if not string match -q -- '-*' $word
            set -l candidate (string trim -- "$place $word")
            if contains -- $candidate ${paths.join(' ')}
                set place $candidate
            end
        end
    end
    test "$place" = "$wanted"
end
complete -c ${name} -f
${lines.join('\n')}
${others.map((other) => `complete -c ${other} -w ${name}`).join('\n')}
`;
}

/** In single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
