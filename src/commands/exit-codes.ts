/** The exit codes of pgvip; every command takes them from here, and `pgvip --help` prints them. */
import { unreachable } from "../assert.js";
import type { ErrorCode } from "../errors.js";

export const EXIT_OK = 0;
export const EXIT_ALARM = 1;
export const EXIT_USAGE = 2;

export const EXIT_CODES = `
Exit codes: 0 fine, 1 alarm or failure, 2 wrong usage or configuration, or no agent runs,
3 native addon missing, 4 capabilities missing or not allowed, 5 control socket in use.`;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case "SYSTEM":
      return EXIT_ALARM;
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
