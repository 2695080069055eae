/** Completion for fish. */
import { unreachable } from "../assert.js";
import { type CommandOutline, type OptionOutline, type Value, allCommands } from "./outline.js";

export function fishCompletion(program: CommandOutline): string {
  const [name = ""] = program.words;
  const commands = allCommands(program);
  const paths = commands.slice(1).map(({ words }) => quoted(words.join(" ")));
  return `# Completion of ${name} for fish: ${name} completion fish | source
set -g __${name}_commands ${paths.join(" ")}

function __${name}_at --description 'the command that is being written is this one'
    set -l path ${name}
    for word in (commandline -opc)[2..]
        contains -- "$path $word" $__${name}_commands; and set path "$path $word"
    end
    test "$path" = "$argv"
end

complete -c ${name} -f
${commands.flatMap((command) => linesOf(name, command)).join("\n")}
`;
}

function linesOf(name: string, { words, options, arguments: operands, commands }: CommandOutline): readonly string[] {
  const start = `complete -c ${name} -n ${quoted(`__${name}_at ${words.join(" ")}`)}`;
  return [
    ...commands.map((inner) => `${start} -a ${inner.words.at(-1) ?? ""} -d ${quoted(inner.about)}`),
    ...operands.slice(0, 1).flatMap(({ value }) => (value.kind === "other" ? [] : [`${start}${candidates(value)}`])),
    ...options.map((option) => `${start}${optionWords(option)}`),
  ];
}

function optionWords({ names, value, about }: OptionOutline): string {
  const flags = names.map((flag) => (flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`));
  return `${flags.join("")}${value === null ? "" : ` -x${candidates(value)}`} -d ${quoted(about)}`;
}

function candidates(value: Value): string {
  switch (value.kind) {
    case "oneOf":
      return ` -a ${quoted(value.words.join(" "))}`;
    case "file":
      // Its own -F would offer files wherever nothing else fits.
      return " -a '(__fish_complete_path (commandline -ct))'";
    case "interface":
      return " -a '(command ls /sys/class/net)'";
    case "other":
      return "";
    default:
      return unreachable(value);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
