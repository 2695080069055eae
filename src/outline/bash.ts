/**
 * Completion for bash. The script stands alone: it needs neither the package bash-completion nor, at each key, a start of
 * Node.js, which a person would feel.
 */
import { unreachable } from "../assert.js";
import { type CommandOutline, type Value, allCommands } from "./outline.js";

export function bashCompletion(program: CommandOutline): string {
  const commands = allCommands(program);
  const [name = ""] = program.words;
  const paths = commands.slice(1).map(({ words }) => `"${words.join(" ")}"`);
  return `# Completion of ${name} for bash: source <(${name} completion bash)
_${name}() {
  local words=() cur prev path=${name} index
  # Bash takes --role=primary for three words.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    [[ \${COMP_WORDS[index]} == = ]] || words+=("\${COMP_WORDS[index]}")
  done
  cur=\${COMP_WORDS[COMP_CWORD]}
  if [[ $cur == = ]]; then
    cur=
    words+=("")
  fi
  prev=\${words[\${#words[@]} - 2]}
  COMPREPLY=()
  for ((index = 1; index < \${#words[@]} - 1; index++)); do
    case "$path \${words[index]}" in
      ${paths.join(" | ")}) path+=" \${words[index]}" ;;
    esac
  done
  case "$path $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$path" in
${commands.map(wordsCase).join("\n")}
  esac
}
complete -F _${name} ${name}
`;
}

/** What comes after an option that takes a value. */
function valueCases({ words, options }: CommandOutline): readonly string[] {
  const byAction = new Map<string, string[]>();
  for (const { names, value } of options) {
    if (value === null) continue;
    const patterns = names.map((name) => `"${[...words, name].join(" ")}"`);
    byAction.set(replies(value), [...(byAction.get(replies(value)) ?? []), ...patterns]);
  }
  return [...byAction].map(([action, patterns]) => `    ${patterns.join(" | ")})\n      ${action}\n      return ;;`);
}

/** What comes otherwise: options after a dash, or commands and arguments. */
function wordsCase({ words, options, arguments: operands, commands }: CommandOutline): string {
  const names = options.flatMap((option) => option.names).join(" ");
  const first = operands[0]?.value ?? { kind: "oneOf", words: commands.map((inner) => inner.words.at(-1) ?? "") };
  return `    "${words.join(" ")}")
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "${names}" -- "$cur"))
      else
        ${replies(first)}
      fi ;;`;
}

function replies(value: Value): string {
  switch (value.kind) {
    case "oneOf":
      return `COMPREPLY=($(compgen -W "${value.words.join(" ")}" -- "$cur"))`;
    case "file":
      return `compopt -o default 2>/dev/null`;
    case "interface":
      return `COMPREPLY=($(compgen -W "$(command ls /sys/class/net)" -- "$cur"))`;
    case "other":
      return ":";
    default:
      return unreachable(value);
  }
}
