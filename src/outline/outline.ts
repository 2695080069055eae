/** The command line as data, read from commander's own definitions: completion and man pages are made of it. */
import type { Argument, Command, Option } from "commander";

/** What may stand for an argument, or behind an option. */
export type Value =
  | { readonly kind: "oneOf"; readonly words: readonly string[] }
  | { readonly kind: "file" }
  | { readonly kind: "interface" }
  /** Nothing that could be guessed. */
  | { readonly kind: "other" };

export interface OptionOutline {
  /** `--role` or `-V`, `--version`; never empty. */
  readonly names: readonly string[];
  /** `<path>` as in the help text; `null` = it takes no value. */
  readonly placeholder: string | null;
  readonly value: Value | null;
  readonly about: string;
  /** The heading that it stands under in the help text. */
  readonly heading: string;
}

export interface ArgumentOutline {
  readonly name: string;
  readonly repeats: boolean;
  readonly value: Value;
}

export interface CommandOutline {
  /** From the program's name on: `["pgvip", "import", "keepalived"]`. */
  readonly words: readonly string[];
  /** What follows these words: `[options] <file...>`. */
  readonly usage: string;
  readonly about: string;
  readonly options: readonly OptionOutline[];
  readonly arguments: readonly ArgumentOutline[];
  readonly commands: readonly CommandOutline[];
}

/** Commands, options and arguments as its help text shows them. */
export function outlineOf(command: Command, above: readonly string[] = []): CommandOutline {
  const help = command.createHelp();
  const words = [...above, command.name()];
  // Commander's help lists `help` as a command, which it makes up itself.
  const isHelp = (inner: Command): boolean => inner.name() === "help";
  const commands = help.visibleCommands(command).filter((inner) => !isHelp(inner));
  return {
    words,
    usage: command.usage(),
    about: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    arguments: command.registeredArguments.map(argumentOf),
    commands: commands.map((inner) => outlineOf(inner, words)),
  };
}

/** The command and all below it, outer ones first. */
export function allCommands(command: CommandOutline): readonly CommandOutline[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function optionOf(option: Option): OptionOutline {
  const placeholder = /[<[].*$/.exec(option.flags)?.[0] ?? null;
  return {
    names: [option.short, option.long].flatMap((name) => name ?? []),
    placeholder,
    value: placeholder === null ? null : valueOf(placeholder, option.argChoices, option.long),
    about: option.description,
    heading: option.helpGroupHeading ?? "Options:",
  };
}

function argumentOf(argument: Argument): ArgumentOutline {
  const name = argument.name();
  return { name, repeats: argument.variadic, value: valueOf(`<${name}>`, argument.argChoices) };
}

/** Alternatives that stand for a kind of value, not for themselves. */
const KINDS: readonly string[] = ["duration"];

/** `<primary|replica>` lists the values, `<path>` and `<file>` are files. */
function valueOf(placeholder: string, choices: readonly string[] | undefined, option?: string): Value {
  const name = placeholder.replaceAll(/[<>[\]]|\.\.\./g, "");
  const words = choices ?? (name.includes("|") ? name.split("|").filter((word) => !KINDS.includes(word)) : []);
  if (words.length > 0) return { kind: "oneOf", words };
  if (name === "file" || name === "path") return { kind: "file" };
  return { kind: option === "--interface" ? "interface" : "other" };
}
