import { ASK, COMPLETED, GLOBAL, PARENTS, VALUE_FLAGS, isNamed, nextWords } from './model.ts';
import type { Offer } from './model.ts';

function offer(what: Offer): string {
  if (what === 'nothing') return ':';
  if (isNamed(what)) return `_pullthrough_names ${what}`;
  if (typeof what === 'object') return `_pullthrough_words '${what.join(' ')}'`;
  return what === 'file' ? '_pullthrough_paths -f' : '_pullthrough_paths -d';
}

function valueCases(): string[] {
  return COMPLETED.flatMap(({ name, options }) =>
    options.flatMap(({ flag, value }) =>
      value === undefined || value.optional ? [] : [`    '${name} ${flag}') ${offer(value.offer)}; return ;;`],
    ),
  );
}

function wordCases(): string[] {
  const words = (parent: string): string =>
    nextWords(parent)
      .map(({ word }) => word)
      .join(' ');
  const global = GLOBAL.map(({ flag }) => flag).join(' ');
  const parents = PARENTS.map((parent) => `    '${parent}') _pullthrough_words '${words(parent)}' '${global}' ;;`);
  const commands = COMPLETED.map(({ name, options, argument }) => {
    const flags = options.map(({ flag }) => flag).join(' ');
    return `    '${name}') _pullthrough_words '' '${flags}' || ${offer(argument)} ;;`;
  });
  return [`    '') _pullthrough_words '${words('')}' '${global} --version' ;;`, ...parents, ...commands];
}

/** Runs in bash 3.2 (macOS) too. */
export function bashCompletion(): string {
  return `# bash completion of pullthrough: eval "$(pullthrough completion bash)"
# $1: words; $2: options, offered where the word begins with a dash. Fails where options were not asked for.
_pullthrough_words() {
  local offered=$1
  if [[ $cur == -* ]]; then offered=\${2-}; fi
  COMPREPLY=($(compgen -W "$offered" -- "$cur"))
  [[ $cur == -* || -n $1 ]]
}

# $1: -f for files, -d for folders.
_pullthrough_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
}

# $1: the kind of names. They come from others: none is expanded, and each is quoted. Readline has what stands behind the
# last character that parts words alone, as @ does.
_pullthrough_names() {
  local line=\${COMP_WORDS[*]} begun lead name
  if [[ -n \${COMP_LINE-} ]]; then line=\${COMP_LINE:0:COMP_POINT}; fi
  begun=\${line##*[[:space:]]}
  if [[ $begun == [./]* && $1 == release ]]; then _pullthrough_paths -f; return; fi
  lead=\${begun%"\${begun##*["\${COMP_WORDBREAKS-}"]}"}
  compopt -o nosort 2>/dev/null
  while IFS= read -r name; do
    COMPREPLY+=("$(printf %q "\${name#"$lead"}")")
  done < <(command pullthrough ${ASK} "$1" "$line" 2>/dev/null)
  if [[ \${COMPREPLY[0]-} == *@ ]]; then compopt -o nospace 2>/dev/null; fi
}

_pullthrough() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' word skip='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
    ${VALUE_FLAGS.join(' | ')}) skip=1 ;;
    -*) ;;
    *)
      case $command in
      '') command=$word ;;
      ${PARENTS.join(' | ')}) command="$command $word" ;;
      esac
      ;;
    esac
  done
  case "$command $prev" in
    *' --config') _pullthrough_paths -f; return ;;
${valueCases().join('\n')}
  esac
  case $command in
${wordCases().join('\n')}
  esac
}

complete -F _pullthrough pullthrough
`;
}
