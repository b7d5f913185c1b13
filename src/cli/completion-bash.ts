// Makes the completion script for bash 3.2 and newer. It needs no other script.

import { type CompletedNames, type CompletionPlace, namesThatTake, quotedText } from './completion-place.ts';

/** The script. */
export function bashCompletion(places: readonly CompletionPlace[], programs: CompletedNames): string {
  const cases = places.map((place) => {
    const list = (words: readonly string[]) => quotedText(words.join(' '));
    return [
      `    ${quotedText(place.path.join(' '))})`,
      `      words=${list(place.words.map(({ name }) => name))}`,
      `      options=${list(place.options.flatMap(({ names }) => names[0] ?? []))}`,
      `      texts=${list(namesThatTake(place, 'text'))}`,
      `      files=${list(namesThatTake(place, 'file'))}`,
      `      operand=${place.takesFiles ? 'file' : "''"} ;;`,
    ].join('\n');
  });
  return `${HEAD}
_aggregator_at() {
  case $1 in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
${WALK}
complete -F _aggregator ${programs.join(' ')}
`;
}

const HEAD = `# Completes the commands, options and files of aggregator in bash. Made by: aggregator completion bash
# Sets words, options, texts, files and operand for the place whose words are in $1; fails if there is no such place.`;

const WALK = `
_aggregator() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local place='' word='' candidate='' skip='' at words options texts files operand line
  # Bash makes three words of --option=value.
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _aggregator_at ''
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word == '=' ]]; then skip=yes
    elif [[ -n $skip ]]; then skip=''
    elif [[ " $texts $files " == *" $word "* ]]; then skip=yes
    elif [[ $word != -* ]]; then
      candidate=\${place:+$place }$word
      if _aggregator_at "$candidate"; then place=$candidate; else _aggregator_at "$place"; fi
    fi
  done
  COMPREPLY=()
  if [[ " $texts " == *" $previous "* ]]; then return; fi
  if [[ " $files " != *" $previous "* ]]; then
    if [[ $current == -* ]]; then candidate=$options; else candidate=$words; fi
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$candidate" -- "$current")
    if [[ $current == -* || -z $operand ]]; then return; fi
  fi
  # Readline then adds a slash to a folder, and quotes what needs it.
  compopt -o filenames 2>/dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
}`;
