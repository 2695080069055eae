/** The other end of the control socket: one question, one answer. */
import net from "node:net";
import { PgvipError } from "../errors.js";

const TIMEOUT_MS = 2000;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The `result` of the answer. Throws a PgvipError: NO_DAEMON when nobody answers, PERMISSION when the socket is not ours to use;
 * when the answer is an error, CONFIG or USAGE where it says so, and SYSTEM otherwise.
 */
export async function askControl(
  socketPath: string,
  request: Readonly<Record<string, unknown>>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<unknown> {
  const line = await exchange(socketPath, `${JSON.stringify(request)}\n`, timeoutMs);
  const reply = parse(line);
  if (reply === null) throw noDaemon(socketPath, "what answers there is no pgvip agent");
  if (reply["ok"] === true) return reply["result"];
  const error = reply["error"];
  const message = isObject(error) && typeof error["message"] === "string" ? error["message"] : "no reason given";
  const code = isObject(error) && (error["code"] === "CONFIG" || error["code"] === "USAGE") ? error["code"] : "SYSTEM";
  throw new PgvipError(code, `the agent refused: ${message}`);
}

function exchange(socketPath: string, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: socketPath });
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (reason: string, cause?: unknown): void => {
      end();
      reject(noDaemon(socketPath, reason, cause));
    };
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
    };
    const timer = setTimeout(() => {
      fail(`no answer within ${String(timeoutMs)} ms`);
    }, timeoutMs);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EACCES" || error.code === "EPERM") {
        end();
        reject(notAllowed(socketPath, error));
      } else fail(REASONS[error.code ?? ""] ?? error.message, error);
    });
    socket.on("close", () => {
      fail("the connection was closed without an answer");
    });
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      const isWhole = chunk.includes("\n");
      if (!isWhole && length > MAX_BYTES) fail("the answer is too long");
      if (!isWhole) return;
      end();
      resolve(Buffer.concat(chunks).toString("utf8").split("\n", 1)[0] ?? "");
    });
    socket.write(request);
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such socket: no agent runs, or one with another --socket",
  ECONNREFUSED: "the agent that made it is gone",
};

/** An agent may well run there, so this is another thing than none. */
function notAllowed(socketPath: string, cause: unknown): PgvipError {
  const text = `this user may not ask the agent on ${socketPath}: run it as root, or as the user that the agent runs as`;
  return new PgvipError("PERMISSION", text, { cause });
}

function noDaemon(socketPath: string, reason: string, cause?: unknown): PgvipError {
  return new PgvipError("NO_DAEMON", `no agent answers on ${socketPath}: ${reason}`, { cause });
}

function parse(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
