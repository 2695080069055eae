/**
 * Errors that people may meet. Each carries a stable code for scripts and logs; exit codes are chosen only in cli.ts.
 *
 * A programmer's mistake is not one of these: it is an assertion (assert.ts) and a crash.
 */

export type ErrorCode =
  /** The configuration (file, environment, flags) is wrong; exit code 2. */
  | "CONFIG"
  /** The command line is wrong; exit code 2. */
  | "USAGE"
  /** The native addon is missing or was built for another platform. */
  | "ADDON"
  /** The process lacks CAP_NET_ADMIN or CAP_NET_RAW, or may not use the control socket. */
  | "PERMISSION"
  /** Another agent, or something else, has the control socket. */
  | "SOCKET_IN_USE"
  /** No agent answers on the control socket. */
  | "NO_DAEMON"
  /** A call into the operating system failed. */
  | "SYSTEM";

export class PgvipError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "PgvipError";
    this.code = code;
  }
}
