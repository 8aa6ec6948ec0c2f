import { ASK, COMPLETED, GLOBAL, PARENTS, VALUE_FLAGS, isNamed, nextWords } from './model.ts';
import type { CompletedOption, Offer } from './model.ts';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function value(offer: Offer): string {
  if (isNamed(offer)) return ` ${offer === 'release' ? '-F' : '-x'} -k -a '(__pullthrough_names ${offer})'`;
  if (typeof offer === 'object') return ` -x -a ${quoted(offer.join(' '))}`;
  return { nothing: ' -x', file: ' -r -F', folder: " -x -a '(__fish_complete_directories)'" }[offer];
}

function option(condition: string, { flag, summary, value: taken }: CompletedOption): string {
  const long = `-l ${flag.slice(2)} -d ${quoted(summary)}`;
  // An optional value is offered only after =, which fish does without being told.
  const offered = taken === undefined || taken.optional ? '' : value(taken.offer);
  return `complete -c pullthrough -n ${quoted(condition)} ${long}${offered}`;
}

export function fishCompletion(): string {
  const words = ['', ...PARENTS].flatMap((parent) => [
    ...nextWords(parent).map(
      ({ word, summary }) =>
        `complete -c pullthrough -n ${quoted(`__pullthrough_is '${parent}'`)} -a ${word} -d ${quoted(summary)}`,
    ),
    ...GLOBAL.map((global) => option(`__pullthrough_is '${parent}'`, global)),
  ]);
  const commands = COMPLETED.flatMap(({ name, options, argument }) => {
    const condition = `__pullthrough_is '${name}'`;
    const offered = argument === 'nothing' ? [] : [`complete -c pullthrough -n ${quoted(condition)}${value(argument)}`];
    return [...options.map((each) => option(condition, each)), ...offered];
  });
  return `# fish completion of pullthrough: pullthrough completion fish > ~/.config/fish/completions/pullthrough.fish
function __pullthrough_is
    set -l command ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${VALUE_FLAGS.join(' ')}
                set skip 1
            case '-*'
            case '*'
                switch $command
                    case ''
                        set command $word
                    case ${PARENTS.join(' ')}
                        set command "$command $word"
                end
        end
    end
    test "$command" = "$argv[1]"
end

# $argv[1]: the kind of names. What a command prints is a word a line to fish, which quotes it.
function __pullthrough_names
    type -q pullthrough; and command pullthrough ${ASK} $argv[1] (commandline -cp | string collect) 2>/dev/null
end

complete -c pullthrough -f
${[...words, ...commands].join('\n')}
`;
}
