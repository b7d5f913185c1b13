// Makes the completion script for zsh, for a file `_aggregator` in a folder of fpath.

import { type CompletedNames, type CompletionPlace, namesThatTake, quotedText } from './completion-place.ts';

/** The script. */
export function zshCompletion(places: readonly CompletionPlace[], programs: CompletedNames): string {
  const cases = places.map((place) => {
    const described = (rows: readonly (readonly [string, string])[]) =>
      rows.map(([name, text]) => quotedText(`${name.replaceAll(':', String.raw`\:`)}:${text}`)).join(' ');
    return [
      `    ${quotedText(place.path.join(' '))})`,
      `      commands=(${described(place.words.map(({ name, summary }) => [name, summary]))})`,
      `      options=(${described(place.options.map(({ names, help }) => [names[0] ?? '', help]))})`,
      `      texts=(${namesThatTake(place, 'text').join(' ')})`,
      `      files=(${namesThatTake(place, 'file').join(' ')})`,
      `      operand=${place.takesFiles ? 'file' : "''"} ;;`,
    ].join('\n');
  });
  return `#compdef ${programs.join(' ')}
# Completes the commands, options and files of aggregator in zsh. Made by: aggregator completion zsh
# Sets commands, options, texts, files and operand for the place whose words are in $1; fails if there is no such place.
_aggregator_at() {
  case $1 in
${cases.join('\n')}
    *) return 1 ;;
  esac
}
${WALK}

if [[ \${funcstack[1]} == _aggregator ]]; then _aggregator "$@"; else compdef _aggregator ${programs.join(' ')}; fi
`;
}

const WALK = `
_aggregator() {
  local place='' word='' candidate='' skip='' previous=\${words[CURRENT - 1]} operand=''
  local -a commands options texts files
  local -i at
  _aggregator_at ''
  for ((at = 2; at < CURRENT; at++)); do
    word=\${words[at]}
    if [[ -n $skip ]]; then skip=''
    elif (( \${texts[(Ie)$word]} || \${files[(Ie)$word]} )); then skip=yes
    elif [[ $word != -* ]]; then
      candidate=\${place:+$place }$word
      if _aggregator_at "$candidate"; then place=$candidate; else _aggregator_at "$place"; fi
    fi
  done
  # --option=value is one word here.
  if [[ $PREFIX == --*=* ]]; then
    previous=\${PREFIX%%=*}
    compset -P '*='
  fi
  if (( \${texts[(Ie)$previous]} )); then _message value; return; fi
  if (( \${files[(Ie)$previous]} )); then _files; return; fi
  if [[ $PREFIX == -* ]]; then _describe -o option options; return; fi
  if (( \${#commands} )); then _describe command commands; fi
  if [[ -n $operand ]]; then _files; fi
}`;
