/** Settings of the agent as options of a command: the schema's table, seen from the command line. */
import { type Command, Option } from "commander";
import { type Field, type Section, fields } from "../config/fields.js";
import { DEFAULT_FILE, type Sources } from "../config/load.js";
import type { Terminal } from "./context.js";

const HEADINGS: Readonly<Record<Section, string>> = { vips: "VIP:", patroni: "Patroni:", agent: "Agent:" };
const VARIABLES = `
Each setting is an environment variable as well: --router-id is PGVIP_ROUTER_ID. Flags go before
variables, and these before the file. Durations carry their unit: 100ms, 5s, 1m.`;

/** Every setting, for commands that need the whole configuration. */
export function addSettings(command: Command): Command {
  return addOptions(command, fields(), "YAML file").addHelpText("after", VARIABLES);
}

/** The way to the running agent, for commands that only talk to it. */
export function addSocketSettings(command: Command): Command {
  return addOptions(command, settingsNamed(["socket"]), "YAML file to learn the control socket from");
}

/** Some settings of the agent, by their names in the file. */
export function addSettingsNamed(command: Command, names: readonly string[]): Command {
  return addOptions(command, settingsNamed(names), "YAML file");
}

function settingsNamed(names: readonly string[]): readonly Field[] {
  return fields().filter(({ path }) => names.includes(path));
}

function addOptions(command: Command, settings: readonly Field[], about: string): Command {
  command.addOption(
    new Option("--config <file>", `${about} (default: ${DEFAULT_FILE} if it is there, or PGVIP_CONFIG)`),
  );
  for (const field of settings) {
    if (field.flag === null) continue;
    const preset = field.preset === null ? "" : ` (default: ${field.preset})`;
    const option = new Option(`--${field.flag} <${field.placeholder}>`, field.about + preset);
    if (field.kind === "list") option.argParser(joined);
    command.addOption(option.helpGroup(HEADINGS[field.section]));
  }
  return command;
}

/** A list may be given with commas, or by repeating the flag. */
function joined(text: string, before: string | undefined): string {
  return before === undefined ? text : `${before},${text}`;
}

/** What was typed, by the names that the configuration knows; options that are no settings are left out. */
export function sourcesOf(command: Command, { environment }: Terminal): Sources {
  const known = new Set(["config", ...fields().flatMap(({ flag }) => flag ?? [])]);
  const typed = command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    return known.has(option.name()) && typeof value === "string" ? [[option.name(), value] as const] : [];
  });
  const { config, ...flags } = Object.fromEntries(typed);
  return { flags, environment, file: config ?? null };
}
