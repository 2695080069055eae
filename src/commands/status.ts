/** `pgvip status`: what the running agent says about itself. */
import { Option } from "commander";
import * as v from "valibot";
import type { PatroniConfig } from "../config/config.js";
import { type Sources, loadPatroni, loadSocketPath } from "../config/load.js";
import { PgvipError } from "../errors.js";
import { askControl } from "../shell/control-client.js";
import { type StatusDocument, statusSchema } from "../status.js";
import { isInOrder, statusText } from "../status-text.js";
import type { AddCommand, Context } from "./context.js";
import { EXIT_ALARM, EXIT_OK } from "./exit-codes.js";
import { addSettingsNamed, sourcesOf } from "./settings.js";

interface StatusOptions {
  readonly json?: true;
  readonly watch?: true;
}

export const addStatus: AddCommand = (program, { terminal, exitWith }) => {
  const status = program.command("status").description("ask the running agent how things are");
  addSettingsNamed(status, ["socket", "patroni.url", "patroni.config"])
    .addOption(new Option("--json", "print the status document"))
    .addOption(
      new Option("--watch", "follow the VIPs, all members of the cluster and a ping, until q or Ctrl-C").conflicts(
        "json",
      ),
    )
    .action(async ({ json, watch }: StatusOptions) => {
      const sources = sourcesOf(status, terminal);
      const socketPath = await loadSocketPath(sources);
      if (watch) {
        await watchStatus(sources, socketPath, terminal);
        return;
      }
      const document = await askStatus(socketPath);
      terminal.out(json ? `${JSON.stringify(document, null, 2)}\n` : `${statusText(document, Date.now())}\n`);
      exitWith(isInOrder(document) ? EXIT_OK : EXIT_ALARM);
    });
};

async function watchStatus(sources: Sources, socketPath: string, terminal: Context["terminal"]): Promise<void> {
  const { StatusWatch } = await import("../diagnose/watch/watch.js");
  const { showLive, showLines } = await import("./live-terminal.js");
  const watch = new StatusWatch(() => askStatus(socketPath), await patroniOrWhy(sources));
  watch.start();
  try {
    await (isLiveTerminal(terminal.environment) ? showLive(watch, terminal.environment) : showLines(watch, terminal));
  } finally {
    watch.stop();
  }
}

/** Patroni's own file, for instance, may be readable for others than those who watch. */
async function patroniOrWhy(sources: Sources): Promise<PatroniConfig | string> {
  try {
    return await loadPatroni(sources);
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    return `Patroni is not asked: ${error.message}`;
  }
}

/** A terminal that can put the cursor somewhere; anything else gets plain lines. */
function isLiveTerminal({ TERM = "" }: Context["terminal"]["environment"]): boolean {
  return process.stdout.isTTY && TERM !== "" && TERM !== "dumb";
}

/** Errors: NO_DAEMON when nobody listens, SYSTEM when the agent is of a version that says it otherwise. */
export async function askStatus(socketPath: string): Promise<StatusDocument> {
  const answer = v.safeParse(statusSchema, await askControl(socketPath, { command: "status" }));
  if (answer.success) return answer.output;
  throw new PgvipError("SYSTEM", `the agent on ${socketPath} answered with a status that this version cannot read`);
}
