/** `pgvip status`: what the running agent says about itself. */
import { Option } from "commander";
import * as v from "valibot";
import { loadSocketPath } from "../config/load.js";
import { PgvipError } from "../errors.js";
import { askControl } from "../shell/control-client.js";
import { type StatusDocument, statusSchema } from "../status.js";
import { isInOrder, statusText } from "../status-text.js";
import type { AddCommand } from "./context.js";
import { EXIT_ALARM, EXIT_OK } from "./exit-codes.js";
import { addSocketSettings, sourcesOf } from "./settings.js";

export const addStatus: AddCommand = (program, { terminal, exitWith }) => {
  const status = program.command("status").description("ask the running agent how things are");
  addSocketSettings(status)
    .addOption(new Option("--json", "print the status document"))
    .action(async ({ json }: { readonly json?: true }) => {
      const document = await askStatus(await loadSocketPath(sourcesOf(status, terminal)));
      terminal.out(json ? `${JSON.stringify(document, null, 2)}\n` : `${statusText(document, Date.now())}\n`);
      exitWith(isInOrder(document) ? EXIT_OK : EXIT_ALARM);
    });
};

/** Errors: NO_DAEMON when nobody listens, SYSTEM when the agent is of a version that says it otherwise. */
export async function askStatus(socketPath: string): Promise<StatusDocument> {
  const answer = v.safeParse(statusSchema, await askControl(socketPath, { command: "status" }));
  if (answer.success) return answer.output;
  throw new PgvipError("SYSTEM", `the agent on ${socketPath} answered with a status that this version cannot read`);
}
