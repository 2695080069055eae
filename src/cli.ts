/**
 * The command line: what people type, and what they get back. Exit codes are chosen here and nowhere else.
 *
 * The agent, and with it the native addon, is loaded only by `run`.
 */
import { Command, CommanderError, Option } from "commander";
import * as v from "valibot";
import { unreachable } from "./assert.js";
import { describe } from "./config/describe.js";
import { type Field, type Section, fields } from "./config/fields.js";
import { DEFAULT_FILE, type Sources, loadConfig, loadSocketPath } from "./config/load.js";
import { type ErrorCode, PgvipError } from "./errors.js";
import { createLogger } from "./log.js";
import { askControl } from "./shell/control-client.js";
import { statusSchema } from "./status.js";
import { statusText } from "./status-text.js";
import { VERSION } from "./version.js";

export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

const EXIT_OK = 0;
const EXIT_ALARM = 1;
const EXIT_USAGE = 2;

/** Runs one command; `argv` without the names of node and script. Resolves with the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = EXIT_OK;
  const program = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has printed its message already; help and version end this way too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    if (!(error instanceof PgvipError)) throw error;
    terminal.err(`pgvip: ${error.message}\n`);
    return exitCodeOf(error.code);
  }
}

function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case "SYSTEM":
      return 1;
    case "CONFIG":
    case "USAGE":
    case "NO_DAEMON":
      return EXIT_USAGE;
    case "ADDON":
      return 3;
    case "PERMISSION":
      return 4;
    case "SOCKET_IN_USE":
      return 5;
    default:
      return unreachable(code);
  }
}

const EXIT_CODES = `
Exit codes: 0 fine, 1 alarm or failure, 2 wrong usage or configuration, or no agent runs,
3 native addon missing, 4 capabilities missing, 5 control socket in use.`;

function buildProgram(terminal: Terminal, exitWith: (code: number) => void): Command {
  const program = new Command("pgvip")
    .description("Keeps the virtual IP of a PostgreSQL cluster on the node that Patroni says it belongs to.")
    .version(VERSION)
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.err(text);
      },
    })
    .addHelpText("after", EXIT_CODES)
    .exitOverride();

  const run = program.command("run").description("run the agent on this node, in the foreground");
  addSettings(run).action(async () => {
    exitWith(await runAgentWith(sourcesOf(run, terminal)));
  });

  const check = program.command("check").description("check the configuration without running, and print it in words");
  addSettings(check).action(async () => {
    const config = await loadConfig(sourcesOf(check, terminal));
    terminal.out(`The configuration is valid.\n\n${describe(config)}\n`);
  });

  const status = program.command("status").description("ask the running agent how things are");
  const socket = fields().filter(({ path }) => path === "socket");
  addOptions(status, socket)
    .addOption(new Option("--json", "print the status document"))
    .action(async ({ json }: { readonly json?: true }) => {
      exitWith(await printStatus(sourcesOf(status, terminal), json === true, terminal));
    });
  return program;
}

async function runAgentWith(sources: Sources): Promise<number> {
  const config = await loadConfig(sources);
  const { runAgent } = await import("./agent.js");
  return runAgent(config, createLogger(config.logLevel));
}

async function printStatus(sources: Sources, json: boolean, terminal: Terminal): Promise<number> {
  const socketPath = await loadSocketPath(sources);
  const answer = v.safeParse(statusSchema, await askControl(socketPath, { command: "status" }));
  if (!answer.success) {
    throw new PgvipError("SYSTEM", `the agent on ${socketPath} answered with a status that this version cannot read`);
  }
  const status = answer.output;
  terminal.out(json ? `${JSON.stringify(status, null, 2)}\n` : `${statusText(status, Date.now())}\n`);
  return status.groups.some(({ alarms }) => alarms.length > 0) ? EXIT_ALARM : EXIT_OK;
}

// ── settings as options ─────────────────────────────────────────────────────────────────────────────────────────────

const HEADINGS: Readonly<Record<Section, string>> = { vips: "VIP:", patroni: "Patroni:", agent: "Agent:" };
const VARIABLES = `
Each setting is an environment variable as well: --router-id is PGVIP_ROUTER_ID. Flags go before
variables, and these before the file. Durations carry their unit: 100ms, 5s, 1m.`;

function addSettings(command: Command): Command {
  return addOptions(command, fields()).addHelpText("after", VARIABLES);
}

function addOptions(command: Command, settings: readonly Field[]): Command {
  command.addOption(
    new Option("--config <file>", `YAML file (default: ${DEFAULT_FILE} if it is there, or PGVIP_CONFIG)`),
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

/** What was typed, by the names that the configuration knows. */
function sourcesOf(command: Command, { environment }: Terminal): Sources {
  const typed = command.options.flatMap((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    return typeof value === "string" ? [[option.name(), value] as const] : [];
  });
  const { config, ...flags } = Object.fromEntries(typed);
  return { flags, environment, file: config ?? null };
}
