/** `pgvip reload`: has the running agent read its configuration again. An invalid one changes nothing, and says why. */
import * as v from "valibot";
import { loadSocketPath } from "../config/load.js";
import { PgvipError } from "../errors.js";
import { askControl } from "../shell/control-client.js";
import { reloadAnswer } from "../shell/reload-answer.js";
import type { AddCommand } from "./context.js";
import { addSocketSettings, sourcesOf } from "./settings.js";

/** VIPs that are no longer configured are released meanwhile. */
const TIMEOUT_MS = 10_000;

export const addReload: AddCommand = (program, { terminal }) => {
  const reload = program
    .command("reload")
    .description("have the running agent read its configuration again, from where it had it");
  addSocketSettings(reload).action(async () => {
    const socketPath = await loadSocketPath(sourcesOf(reload, terminal));
    const answer = v.safeParse(reloadAnswer, await askControl(socketPath, { command: "reload" }, TIMEOUT_MS));
    if (!answer.success) {
      throw new PgvipError("SYSTEM", `the agent on ${socketPath} gave an answer that this version cannot read`);
    }
    const { stay, come, go, needRestart } = answer.output;
    const parts = { kept: stay, new: come, released: go };
    for (const [word, groups] of Object.entries(parts)) {
      if (groups.length > 0) terminal.out(`${word}: ${groups.join("; ")}\n`);
    }
    if (needRestart.length > 0) terminal.out(`unchanged until a restart: ${needRestart.join(", ")}\n`);
  });
};
