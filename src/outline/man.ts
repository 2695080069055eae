/** Manual pages (man(7)) from the command line's definitions: one for the program, one for each of its commands. */
import { type CommandOutline, type OptionOutline, allCommands } from "./outline.js";

export interface ManPage {
  /** `pgvip-run.1` */
  readonly file: string;
  readonly text: string;
}

/** What a command's help text tells below its options. */
export type Remarks = (command: CommandOutline) => string;

export function manPages(program: CommandOutline, remarks: Remarks): readonly ManPage[] {
  const { commands } = program;
  const toProgram = reference(program);
  return [
    page(program, remarks, [...section("COMMANDS", commands.flatMap(entryOf))], commands.map(reference)),
    ...commands.map((command) =>
      // Commands below a command are told on its page.
      page(
        command,
        remarks,
        allCommands(command)
          .slice(1)
          .flatMap((inner) => part(inner, remarks)),
        [toProgram],
      ),
    ),
  ];
}

function page(
  command: CommandOutline,
  remarks: Remarks,
  commands: readonly string[],
  seeAlso: readonly string[],
): ManPage {
  const name = command.words.join("-");
  const [title = ""] = command.words;
  const lines = [
    '.\\" Made by npm run docs from the definitions of the commands.',
    `.TH ${name.toUpperCase()} 1 "" ${title} "User Commands"`,
    ...section("NAME", [`${roff(name)} \\- ${roff(asPhrase(command.about))}`]),
    ...section("SYNOPSIS", synopsis(command)),
    ...section("DESCRIPTION", [roff(asSentence(command.about)), ...paragraphs(remarks(command))]),
    ...options(command, ".SH"),
    ...commands,
    ...section("SEE ALSO", [seeAlso.map((one) => `.BR ${one}`).join(" ,\n")]),
  ];
  return { file: `${name}.1`, text: `${lines.join("\n")}\n` };
}

/** A command on the page of the one above it. */
function part(command: CommandOutline, remarks: Remarks): readonly string[] {
  return [
    `.SH ${roff(command.words.slice(1).join(" ").toUpperCase())}`,
    ...synopsis(command),
    ".PP",
    roff(asSentence(command.about)),
    ...paragraphs(remarks(command)),
    ...options(command, ".SS"),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return [`.SH ${title}`, ...lines];
}

function synopsis({ words, usage }: CommandOutline): readonly string[] {
  return [`.B ${roff(words.join(" "))}`, roff(usage)];
}

function options(command: CommandOutline, heading: ".SH" | ".SS"): readonly string[] {
  const headings = [...new Set(command.options.map((option) => option.heading))];
  return headings.flatMap((one) => [
    `${heading} ${quoted(one.replace(/:$/, "").toUpperCase())}`,
    ...command.options.filter((option) => option.heading === one).flatMap(optionEntry),
  ]);
}

function optionEntry({ names, placeholder, about }: OptionOutline): readonly string[] {
  const bold = names.map((name) => `\\fB${roff(name)}\\fR`).join(", ");
  return [".TP", placeholder === null ? bold : `${bold} \\fI${roff(placeholder)}\\fR`, roff(asSentence(about))];
}

function entryOf(command: CommandOutline): readonly string[] {
  return [".TP", `.BR ${reference(command)}`, roff(asSentence(command.about))];
}

/** For `.BR`, which sets the name in bold and the section not. */
function reference({ words }: CommandOutline): string {
  return `${roff(words.join("-"))} (1)`;
}

/** Text is filled; lines that are indented, or laid out with blanks, stay as they are. */
function paragraphs(text: string): readonly string[] {
  return text
    .split(/\n\s*\n/)
    .map((one) => one.replace(/^\n+|\s+$/g, ""))
    .filter((one) => one !== "")
    .flatMap((one) => {
      const lines = one.split("\n").map(roff);
      return /^ |\S {2,}\S/m.test(one) ? [".PP", ".nf", ...lines, ".fi"] : [".PP", ...lines];
    });
}

function asSentence(text: string): string {
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.)]$/.test(first) ? first : `${first}.`;
}

function asPhrase(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`.replace(/\.$/, "");
}

function quoted(text: string): string {
  return `"${roff(text)}"`;
}

/** A line of text that means nothing to the formatter. */
function roff(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("`", "\\(ga");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
