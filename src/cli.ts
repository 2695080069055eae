/** The command line: puts the commands together, and turns what goes wrong in them into a message and an exit code. */
import { Command, CommanderError } from "commander";
import { addCheck } from "./commands/check.js";
import { addCompletion } from "./commands/completion.js";
import type { AddCommand, Context, Terminal } from "./commands/context.js";
import { addDoctor } from "./commands/doctor.js";
import { addDrill } from "./commands/drill.js";
import { EXIT_CODES, EXIT_OK, EXIT_USAGE, exitCodeOf } from "./commands/exit-codes.js";
import { addImport } from "./commands/import.js";
import { addListen } from "./commands/listen.js";
import { addPing } from "./commands/ping.js";
import { addHistory } from "./commands/history.js";
import { addPause, addRelease, addResume } from "./commands/maintenance.js";
import { addNotify } from "./commands/notify.js";
import { addReload } from "./commands/reload.js";
import { addRun } from "./commands/run.js";
import { addStatus } from "./commands/status.js";
import { addSupportBundle } from "./commands/support-bundle.js";
import { versionText } from "./commands/version.js";
import { PgvipError } from "./errors.js";

/** In the order of `pgvip --help`. */
const COMMANDS: readonly AddCommand[] = [
  addRun,
  addCheck,
  addImport,
  addStatus,
  addHistory,
  addDoctor,
  addListen,
  addPing,
  addDrill,
  addPause,
  addResume,
  addRelease,
  addReload,
  addNotify,
  addSupportBundle,
  addCompletion,
];

/** Runs one command; `argv` without the names of node and script. Resolves with the exit code. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = EXIT_OK;
  const program = buildProgram({
    terminal,
    exitWith: (code) => {
      exitCode = code;
    },
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

/** The program with all its commands; nothing runs before it is given arguments. */
export function buildProgram(context: Context): Command {
  const { terminal } = context;
  const program = new Command("pgvip")
    .description("Keeps the virtual IP of a PostgreSQL cluster on the node that Patroni says it belongs to.")
    .option("-V, --version", "tell the versions of pgvip, its addon and Node.js")
    .on("option:version", () => {
      terminal.out(versionText());
      throw new CommanderError(EXIT_OK, "commander.version", "");
    })
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
  for (const add of COMMANDS) add(program, context);
  return program;
}
