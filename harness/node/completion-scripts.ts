import type { DescribedCommand, DescribedOption, Kind } from './completions.ts'

/** As one word of a POSIX shell, of bash and of zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const wordsOf = (words: readonly string[]): string => quoted(words.join('\n'))

/** bash expands the words it is given to choose from: ids alone are safe there, and no sentence of anybody's is among them. */
export function inBash(program: string, commands: DescribedCommand[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => option.names.map((long) => [`${name} ${long}`, option.value] as const)),
  )
  return `# ${program} completed by bash (3.2 or later): eval "$(${program} completions bash)"
_${program}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words='' kind='' word
  local IFS=$'\\n'
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    words=${wordsOf([...commands.map(({ name }) => name), 'help', '--help', '--version'])}
  elif [[ "$current" == -* ]]; then
    case "\${COMP_WORDS[1]}" in
${commands.map(({ name, options }) => `      ${name}) words=${wordsOf(options.flatMap(({ names }) => names))} ;;`).join('\n')}
    esac
  else
    case "\${COMP_WORDS[1]} $previous" in
${cases(values)}
      *) case "\${COMP_WORDS[1]}" in
${cases(commands.map(({ name, values: [first] }) => [name, first]))}
      esac ;;
    esac
  fi
  case "$kind" in
    task) words="$(${program} status --brief 2>/dev/null | cut -f 1)" ;;
    file) compopt -o filenames 2>/dev/null ;;
  esac
  while read -r word; do COMPREPLY+=("$word"); done < <(if [ "$kind" = file ]; then compgen -f -- "$current"; else compgen -W "$words" -- "$current"; fi)
}
complete -F _${program} ${program}
`
}

/** The cases of words that are followed by a value, those of one kind together. */
function cases(followed: (readonly [word: string, kind: Kind | undefined])[]): string {
  const byKind = new Map<string, string[]>()
  for (const [word, kind] of followed) {
    if (kind === undefined) continue
    const found = typeof kind === 'string' ? `kind=${kind}` : `words=${wordsOf(kind.choices)}`
    byKind.set(found, [...(byKind.get(found) ?? []), quoted(word)])
  }
  return [...byKind].map(([found, words]) => `      ${words.join(' | ')}) ${found} ;;`).join('\n')
}

/** zsh shows what each is for, and the sentence of each task. */
export function inZsh(program: string, commands: DescribedCommand[]): string {
  return `#compdef ${program}
# ${program} completed by zsh: source <(${program} completions zsh)
_${program}_tasks() {
  local -a tasks
  local id sentence
  while IFS=$'\\t' read -r id sentence; do tasks+=("$id:$sentence"); done < <(${program} status --brief 2>/dev/null)
  _describe -t tasks task tasks
}
_${program}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about}`)}`).join('\n')}
    'help:show help'
  )
  _arguments -C '--help[show help]' '--version[print the version]' '1: :->command' '*:: :->rest'
  case "$state" in
    command) _describe -t commands command commands ;;
    rest)
      case "$line[1]" in
${commands.map((command) => `        ${command.name}) _arguments ${zshArguments(program, command).join(' ')} ;;`).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_${program}" ]; then _${program} "$@"; else compdef _${program} ${program}; fi
`
}

const zshArguments = (program: string, { options, values }: DescribedCommand): string[] => [
  ...options.flatMap((option) => option.names.map((name) => quoted(zshOption(program, name, option)))),
  ...values.map((kind, index) => quoted(`${index + 1}:value:${zshAction(program, kind)}`)),
]

function zshOption(program: string, name: string, { names, about, value, isValueOptional, isRepeatable }: DescribedOption): string {
  const before = isRepeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  const after = value === undefined ? '' : `${isValueOptional ? '::' : ':'}value:${zshAction(program, value)}`
  return `${before}${name}[${about.replace(/[[\]\\:]/g, '\\$&')}]${after}`
}

function zshAction(program: string, kind: Kind): string {
  if (typeof kind !== 'string') return `(${kind.choices.join(' ')})`
  return { file: '_files', task: `_${program}_tasks`, unknown: ' ' }[kind]
}

/** fish shows what each is for, and the sentence of each task. */
export function inFish(program: string, commands: DescribedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const first = `-n "not __fish_seen_subcommand_from ${names}"`
  return `# ${program} completed by fish: ${program} completions fish | source
complete -c ${program} -f
complete -c ${program} ${first} -l version -d 'print the version'
complete -c ${program} ${first} -a help -d 'show help'
${commands.map(({ name, about }) => `complete -c ${program} ${first} -a ${name} -d ${fishQuoted(about)}`).join('\n')}
${commands.flatMap((command) => fishLines(program, command)).join('\n')}
`
}

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

function fishLines(program: string, { name, options, values: [first] }: DescribedCommand): string[] {
  const of = `complete -c ${program} -n "__fish_seen_subcommand_from ${name}"`
  const lines = options.map(({ names, about, value, isValueOptional }) => {
    const flags = names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ')
    return `${of} ${flags} -d ${fishQuoted(about)}${value === undefined || isValueOptional ? '' : value === 'file' ? ' -r' : ' -x'}${fishValues(program, value)}`
  })
  return first === undefined ? lines : [...lines, `${of}${fishValues(program, first)}`]
}

function fishValues(program: string, kind: Kind | undefined): string {
  if (kind === undefined || kind === 'unknown') return ''
  if (kind === 'file') return ' -F'
  return kind === 'task' ? ` -a '(${program} status --brief)'` : ` -a ${fishQuoted(kind.choices.join(' '))}`
}
