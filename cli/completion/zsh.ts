import { ASK, COMPLETED, GLOBAL, PARENTS, VALUE_FLAGS, isNamed, nextWords } from './model.ts';
import type { CompletedOption, Offer } from './model.ts';

/** Inside single quotes. */
const quoted = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

/** Where _arguments and _describe split at colons and brackets. */
const plain = (text: string): string => text.replace(/[\\:[\]]/g, '\\$&');

function action(offer: Offer): string {
  if (isNamed(offer)) return ` _pullthrough_names ${offer}`;
  if (typeof offer === 'object') return `(${offer.join(' ')})`;
  return { nothing: ' ', file: '_files', folder: '_files -/' }[offer];
}

function argument({ flag, summary, value }: CompletedOption): string {
  if (value === undefined) return quoted(`${flag}[${plain(summary)}]`);
  const colons = value.optional ? '::' : ':';
  return quoted(`${flag}[${plain(summary)}]${colons}${plain(value.name)}:${action(value.offer)}`);
}

function describe(parent: string): string {
  const words = nextWords(parent).map(({ word, summary }) => quoted(`${word}:${plain(summary)}`));
  const options = GLOBAL.map(({ flag, summary }) => quoted(`${flag}:${plain(summary)}`));
  return [
    `      commands=(${words.join(' ')})`,
    `      options=(${options.join(' ')})`,
    '      if [[ $PREFIX == -* ]]; then _describe -o option options; else _describe command commands; fi',
  ].join('\n');
}

export function zshCompletion(): string {
  const parents = ['', ...PARENTS].map((parent) => `    '${parent}')\n${describe(parent)}\n      ;;`);
  const commands = COMPLETED.map(({ name, options, argument: offer }) => {
    const rest = offer === 'nothing' ? '_pullthrough_nothing' : action(offer);
    const specs = [...options.map(argument), quoted(`*:argument:${rest}`)];
    return `    '${name}') _arguments -S : ${specs.join(' ')} ;;`;
  });
  return `#compdef pullthrough
# zsh completion of pullthrough: pullthrough completion zsh > "\${fpath[1]}/_pullthrough"
# With an empty action in its place, _arguments would not complete the one option that fits.
_pullthrough_nothing() {
  return 1
}

# $1: the kind of names. They come from others: compadd quotes each. With a space before it, _arguments adds no options.
_pullthrough_names() {
  local kind=$1 line=\${LBUFFER}
  if [[ $PREFIX == [./]* && $kind == release ]]; then _files; return; fi
  local -a names
  names=(\${(f)"$(command pullthrough ${ASK} $kind "$line" 2>/dev/null)"})
  if [[ \${names[1]-} == *@ ]]; then compadd -S '' -V names -a -- names; else compadd -V names -a -- names; fi
}

_pullthrough() {
  local command='' word skip='' i last=1
  local -a commands options
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $skip ]]; then skip=''; continue; fi
    case $word in
    ${VALUE_FLAGS.map(quoted).join(' | ')}) skip=1 ;;
    -*) ;;
    *)
      case $command in
      '') command=$word; last=$i ;;
      ${PARENTS.join(' | ')}) command="$command $word"; last=$i ;;
      esac
      ;;
    esac
  done
  # _arguments takes the first word for the command, and so counts what stands behind ours alone.
  if ((last > 1)); then
    shift $((last - 1)) words
    ((CURRENT -= last - 1))
  fi
  case $command in
${[...parents, ...commands].join('\n')}
  esac
}

if [[ \${funcstack[1]} == _pullthrough ]]; then
  _pullthrough "$@"
else
  compdef _pullthrough pullthrough
fi
`;
}
