/** `npm run demo [-- --real]`: installs and builds what the demonstration needs, then plays it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { root, runAsTool } from "./run-command.mjs";
import { setUp } from "./setup.mjs";

await runAsTool(async () => {
  const args = process.argv.slice(2);
  setUp(args.includes("--real") ? "demo-real" : "demo");
  const demo = spawn(process.execPath, ["--import", "tsx", "lab/demo.ts", ...args], { cwd: root, stdio: "inherit" });
  // Ctrl-C reaches both processes; the demonstration tidies up first, so this one waits for it.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => demo.kill("SIGTERM"));
  const [code] = await once(demo, "close");
  return typeof code === "number" ? code : 1;
});
