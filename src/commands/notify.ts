/** `pgvip notify`: a hint for the running agent that it is worth asking Patroni now. Writing a line to the FIFO is faster. */
import { loadSocketPath } from "../config/load.js";
import { askControl } from "../shell/control-client.js";
import type { AddCommand } from "./context.js";
import { addSocketSettings, sourcesOf } from "./settings.js";

export const addNotify: AddCommand = (program, { terminal }) => {
  const notify = program
    .command("notify")
    .description("have the running agent ask Patroni now")
    .addHelpText("after", "\nA shell does the same in 2 ms: echo > /run/pgvip/notify (setting notify_fifo).");
  addSocketSettings(notify).action(async () => {
    await askControl(await loadSocketPath(sourcesOf(notify, terminal)), { command: "notify" });
  });
};
