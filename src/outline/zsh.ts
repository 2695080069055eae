/** Completion for zsh, by its own `_arguments`: one function for each command. */
import { unreachable } from "../assert.js";
import { type CommandOutline, type OptionOutline, type Value, allCommands } from "./outline.js";

export function zshCompletion(program: CommandOutline): string {
  const [name = ""] = program.words;
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)

${allCommands(program).map(functionOf).join("\n\n")}

# As a file in $fpath it is the function itself.
if [[ \${funcstack[1]} == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function functionOf(command: CommandOutline): string {
  const specs = [...command.options.map(optionSpec), ...operandSpecs(command)];
  const body = `  _arguments -s -S ${command.commands.length > 0 ? "-C " : ""}\\\n    ${specs.join(" \\\n    ")}`;
  return `${functionName(command)}() {\n${command.commands.length > 0 ? withCommands(body, command) : body}\n}`;
}

/** Which command it is decides about the rest. */
function withCommands(body: string, { commands }: CommandOutline): string {
  const last = ({ words }: CommandOutline): string => words.at(-1) ?? "";
  const described = commands.map((inner) => `      ${quoted(`${last(inner)}:${escaped(inner.about)}`)}`);
  const cases = commands.map((inner) => `        ${last(inner)}) ${functionName(inner)} ;;`);
  return `  local curcontext="$curcontext" state
  local -a line
${body}
  case $state in
    command)
      local -a commands=(
${described.map((line) => `  ${line}`).join("\n")}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.join("\n")}
      esac ;;
  esac`;
}

function operandSpecs({ arguments: operands, commands }: CommandOutline): readonly string[] {
  if (commands.length > 0) return ["'1: :->command'", "'*:: :->rest'"];
  return operands.map(({ name, repeats, value }) => quoted(`${repeats ? "*" : ""}:${name}:${action(value)}`));
}

/** `(-V --version)'{-V,--version}'[about]` for several names, `--role[about]:value:(primary replica)` for one. */
function optionSpec({ names, placeholder, value, about }: OptionOutline): string {
  const suffix = value === null ? "" : `:${escaped((placeholder ?? "").replaceAll(/[<>]/g, ""))}:${action(value)}`;
  const [only = ""] = names;
  const told = `[${escaped(about)}]${suffix}`;
  // Zsh takes --role=primary as well.
  if (names.length === 1) return quoted(`${only}${value === null ? "" : "="}${told}`);
  return `${quoted(`(${names.join(" ")})`)}{${names.join(",")}}${quoted(told)}`;
}

function action(value: Value): string {
  switch (value.kind) {
    case "oneOf":
      return `(${value.words.join(" ")})`;
    case "file":
      return "_files";
    case "interface":
      return "_net_interfaces";
    case "other":
      return " ";
    default:
      return unreachable(value);
  }
}

function functionName({ words }: CommandOutline): string {
  return `_${words.join("_").replaceAll("-", "_")}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
