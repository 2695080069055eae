/** `pgvip doctor`: looks at everything that a VIP depends on, before and after installing. Changes nothing. */
import { Option } from "commander";
import { loadConfig } from "../config/load.js";
import type { AddCommand } from "./context.js";
import { spanBetween } from "./durations.js";
import { EXIT_ALARM, EXIT_OK } from "./exit-codes.js";
import { addSettings, sourcesOf } from "./settings.js";

const LISTEN_MS = 4000;

interface DoctorOptions {
  readonly json?: true;
  readonly listen: number;
}

export const addDoctor: AddCommand = (program, { terminal, exitWith }) => {
  const doctor = program
    .command("doctor")
    .description("look for what would keep a VIP from working here, and say how to mend it");
  addSettings(doctor)
    .addOption(new Option("--json", "print the findings as JSON"))
    .addOption(
      new Option("--listen <duration>", "how long to listen on the wire")
        .argParser(spanBetween({ leastMs: 100, mostMs: 120_000 }))
        .default(LISTEN_MS, "4s"),
    )
    .action(async ({ json, listen }: DoctorOptions) => {
      const config = await loadConfig(sourcesOf(doctor, terminal));
      const { gather } = await import("../diagnose/gather.js");
      const { examine } = await import("../diagnose/checks.js");
      const { doctorText, problemsOf } = await import("../diagnose/doctor-text.js");
      const findings = examine(await gather(config, { listenMs: listen, root: "/" }));
      terminal.out(json ? `${JSON.stringify({ version: 1, findings }, null, 2)}\n` : `${doctorText(findings)}\n`);
      const isFine = problemsOf(findings).every(({ severity }) => severity === "advice");
      exitWith(isFine ? EXIT_OK : EXIT_ALARM);
    });
};
