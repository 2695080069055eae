/** The agent's log: one JSON object a line on standard output, where systemd and containers look for it. */
import { type Logger, destination, pino, stdTimeFunctions } from "pino";
import type { Config } from "./config/config.js";

export type { Logger };

export function createLogger(level: Config["logLevel"]): Logger {
  // Synchronous: the line that tells why the agent ended must not be lost with it.
  const output = destination({ fd: 1, sync: true });
  // Nobody reads the log any more (EPIPE): that is no reason to give up a VIP.
  output.on("error", () => undefined);
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ["password", "credentials", "*.password", "*.credentials"],
    },
    output,
  );
}
