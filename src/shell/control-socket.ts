/**
 * The control socket: a unix stream on which each line is a JSON request, `{"command":"status"}`, and is answered by one
 * line, `{"ok":true,"result":...}` or `{"ok":false,"error":{"code":"...","message":"..."}}`.
 *
 * Whoever can open it can do what its handlers do, so it belongs to the agent's user alone (mode 0600).
 */
import { lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { PgvipError } from "../errors.js";
import { askControl } from "./control-client.js";

export type Request = Readonly<Record<string, unknown>>;
/** Answers one command; what it returns is sent as `result`. */
export type Handlers = Readonly<Record<string, (request: Request) => unknown>>;

export interface ControlServer {
  /** Ends every conversation and removes the socket. Idempotent. */
  close(): Promise<void>;
}

export interface ControlLimits {
  readonly requestBytes: number;
  readonly idleMs: number;
  readonly connections: number;
}

const LIMITS: ControlLimits = { requestBytes: 64 * 1024, idleMs: 5000, connections: 64 };
const ONLY_OWNER = 0o177;

/** Listens; a socket that a dead agent left is replaced. Throws a PgvipError when a living one has it. */
export async function serveControl(
  socketPath: string,
  handlers: Handlers,
  limits: ControlLimits = LIMITS,
): Promise<ControlServer> {
  makeDirectory(path.dirname(socketPath), socketPath);
  const conversations = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    conversations.add(socket);
    socket.once("close", () => conversations.delete(socket));
    void converse(socket, handlers, limits);
  });
  server.maxConnections = limits.connections;
  await listenOrReplace(server, socketPath);

  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    for (const socket of conversations) socket.destroy();
    await closed;
  };
  return { close: () => (closing ??= close()) };
}

/** Makes the socket's own directory, such as /run/pgvip. Its parents must be there: a missing one is a typing mistake. */
function makeDirectory(directory: string, socketPath: string): void {
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw unusable(socketPath, cause);
  }
}

async function listenOrReplace(server: net.Server, socketPath: string): Promise<void> {
  try {
    await listen(server, socketPath);
    return;
  } catch (cause) {
    if (codeOf(cause) !== "EADDRINUSE") throw unusable(socketPath, cause);
  }
  await removeStale(socketPath);
  try {
    await listen(server, socketPath);
  } catch (cause) {
    throw codeOf(cause) === "EADDRINUSE" ? inUse(socketPath, "another agent was faster") : unusable(socketPath, cause);
  }
}

/** The socket is made inside `listen`, and must at no time be open to others. */
async function listen(server: net.Server, socketPath: string): Promise<void> {
  const umask = process.umask(ONLY_OWNER);
  try {
    server.listen(socketPath);
  } finally {
    process.umask(umask);
  }
  await once(server, "listening");
}

/** Removes a socket on which nobody listens, and nothing else. */
async function removeStale(socketPath: string): Promise<void> {
  const before = lstatSync(socketPath, { throwIfNoEntry: false });
  if (before === undefined) return;
  if (!before.isSocket()) throw inUse(socketPath, "it is not a socket");
  const living = await findLiving(socketPath);
  if (living !== null) throw inUse(socketPath, living);
  // Another agent may have replaced it meanwhile.
  const now = lstatSync(socketPath, { throwIfNoEntry: false });
  if (now?.ino === before.ino) unlinkSync(socketPath);
}

/** Says who listens on the socket; `null` when nobody does. */
async function findLiving(socketPath: string): Promise<string | null> {
  try {
    const status = await askControl(socketPath, { command: "status" });
    const pid = pidIn(status);
    return pid === null ? "something answers on it" : `an agent with process ID ${String(pid)} answers on it`;
  } catch (error) {
    const refused = error instanceof PgvipError && codeOf(error.cause) === "ECONNREFUSED";
    return refused ? null : "something listens on it";
  }
}

function pidIn(status: unknown): number | null {
  const agent = isRequest(status) ? status["agent"] : null;
  const pid = isRequest(agent) ? agent["pid"] : null;
  return typeof pid === "number" ? pid : null;
}

function inUse(socketPath: string, who: string): PgvipError {
  return new PgvipError("SOCKET_IN_USE", `the control socket ${socketPath} is in use: ${who}`);
}

function unusable(socketPath: string, cause: unknown): PgvipError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new PgvipError("SYSTEM", `the control socket ${socketPath} cannot be opened: ${message}`, { cause });
}

// ── one conversation ────────────────────────────────────────────────────────────────────────────────────────────────

async function converse(socket: net.Socket, handlers: Handlers, limits: ControlLimits): Promise<void> {
  socket.setTimeout(limits.idleMs, () => socket.destroy());
  // The other side went away: the loop below ends by the same error.
  socket.on("error", () => undefined);
  try {
    for await (const line of linesOf(socket, limits.requestBytes)) {
      const reply = await answer(line, handlers);
      const isFlushed = socket.write(`${JSON.stringify(reply)}\n`);
      if (!reply.ok && reply.error.code === "MALFORMED") break;
      if (!isFlushed) await once(socket, "drain");
    }
    socket.end();
  } catch {
    socket.destroy();
  }
}

type Reply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

async function answer(line: string | null, handlers: Handlers): Promise<Reply> {
  if (line === null) return refusal("MALFORMED", "the request is too long");
  const request = parseRequest(line);
  if (request === null) return refusal("MALFORMED", `not a JSON object with a "command"`);
  const handler = Object.hasOwn(handlers, request.command) ? handlers[request.command] : undefined;
  if (handler === undefined) {
    return refusal("UNKNOWN_COMMAND", `unknown command; there are: ${Object.keys(handlers).join(", ")}`);
  }
  try {
    return { ok: true, result: (await handler(request)) ?? null };
  } catch (error) {
    const code = error instanceof PgvipError ? error.code : "INTERNAL";
    return refusal(code, error instanceof Error ? error.message : String(error));
  }
}

function refusal(code: string, message: string): Reply {
  return { ok: false, error: { code, message } };
}

function parseRequest(line: string): (Request & { readonly command: string }) | null {
  try {
    const value: unknown = JSON.parse(line);
    const command = isRequest(value) ? value["command"] : undefined;
    return isRequest(value) && typeof command === "string" ? { ...value, command } : null;
  } catch {
    return null;
  }
}

/** Lines without their end; `null`, as the last one, when a line has more bytes than allowed. */
async function* linesOf(socket: net.Socket, maxBytes: number): AsyncGenerator<string | null> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    for (let end = rest.indexOf("\n"); end >= 0 && end <= maxBytes; end = rest.indexOf("\n")) {
      yield rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
    }
    if (rest.length > maxBytes) {
      yield null;
      return;
    }
  }
  if (rest.length > 0) yield rest.toString("utf8");
}

function isRequest(value: unknown): value is Request {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
