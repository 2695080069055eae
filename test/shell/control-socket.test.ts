/** The control socket, server and client, on real unix sockets. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { type ErrorCode, PgvipError } from "../../src/errors.js";
import { askControl } from "../../src/shell/control-client.js";
import { type ControlLimits, type Handlers, serveControl } from "../../src/shell/control-socket.js";

const LIMITS: ControlLimits = { requestBytes: 1000, idleMs: 60_000, connections: 64 };
const STATUS = { agent: { pid: 4711 } };
const HANDLERS: Handlers = {
  status: () => STATUS,
  echo: ({ text }) => Promise.resolve(text),
  nothing: () => undefined,
  refuse: () => {
    throw new PgvipError("PERMISSION", "not today");
  },
  fail: () => {
    throw new TypeError("a bug");
  },
};

async function serve(t: TestContext, limits: ControlLimits = LIMITS): Promise<string> {
  const socketPath = newPath(t);
  const server = await serveControl(socketPath, HANDLERS, limits);
  t.after(() => server.close());
  return socketPath;
}

function newPath(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), "pgvip-control-"));
  t.after(() => {
    rmSync(directory, { recursive: true });
  });
  return path.join(directory, "run", "pgvip.sock");
}

function isError(code: ErrorCode, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof PgvipError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** Sends bytes as they are, and returns all that comes back until the other side closes. */
async function talk(socketPath: string, bytes: string): Promise<readonly unknown[]> {
  const socket = net.connect({ path: socketPath, allowHalfOpen: true });
  socket.end(bytes);
  const chunks = (await socket.toArray()) as Buffer[];
  const lines = Buffer.concat(chunks).toString().split("\n").slice(0, -1);
  return lines.map((line): unknown => JSON.parse(line));
}

// ── conversations ───────────────────────────────────────────────────────────────────────────────────────────────────

test("a question and its answer", async (t) => {
  const socketPath = await serve(t);
  assert.deepEqual(await askControl(socketPath, { command: "status" }), STATUS);
  assert.equal(await askControl(socketPath, { command: "echo", text: "\u00fc\n" }), "\u00fc\n");
  assert.equal(await askControl(socketPath, { command: "nothing" }), null);
});

test("several questions on one connection, the last without an end of line", async (t) => {
  const socketPath = await serve(t);
  const asked = [1, 2, 3].map((text) => JSON.stringify({ command: "echo", text })).join("\n");
  assert.deepEqual(
    await talk(socketPath, asked),
    [1, 2, 3].map((result) => ({ ok: true, result })),
  );
});

test("what is refused", async (t) => {
  const socketPath = await serve(t);
  await assert.rejects(
    askControl(socketPath, { command: "refuse" }),
    isError("SYSTEM", /^the agent refused: not today$/),
  );
  assert.deepEqual(await talk(socketPath, '{"command":"refuse"}\n{"command":"fail"}\n{"command":"toString"}\n'), [
    { ok: false, error: { code: "PERMISSION", message: "not today" } },
    { ok: false, error: { code: "INTERNAL", message: "a bug" } },
    {
      ok: false,
      error: { code: "UNKNOWN_COMMAND", message: "unknown command; there are: status, echo, nothing, refuse, fail" },
    },
  ]);
});

for (const garbage of ["hello\n", "[]\n", "7\n", '{"command":7}\n', "GET / HTTP/1.1\r\n\r\n", "\n", '{"command":']) {
  test(`garbage ends the conversation: ${JSON.stringify(garbage)}`, async (t) => {
    const message = 'not a JSON object with a "command"';
    assert.deepEqual(await talk(await serve(t), `${garbage}\n{"command":"status"}\n`), [
      { ok: false, error: { code: "MALFORMED", message } },
    ]);
  });
}

test("a request without end", async (t) => {
  const socketPath = await serve(t);
  const tooLong = [{ ok: false, error: { code: "MALFORMED", message: "the request is too long" } }];
  assert.deepEqual(await talk(socketPath, "x".repeat(1001)), tooLong);
  assert.deepEqual(await talk(socketPath, `${"x".repeat(1001)}\n`), tooLong);
  assert.deepEqual(await talk(socketPath, "x".repeat(500_000)), tooLong);
  assert.deepEqual(await askControl(socketPath, { command: "status" }), STATUS);
});

test("who says nothing is sent away", async (t) => {
  const socketPath = await serve(t, { ...LIMITS, idleMs: 50 });
  const silent = net.connect({ path: socketPath });
  await once(silent.resume(), "close");
});

test("no more conversations than allowed, and room again afterwards", async (t) => {
  const socketPath = await serve(t, { ...LIMITS, connections: 2 });
  const first = net.connect({ path: socketPath });
  const second = net.connect({ path: socketPath });
  for (const socket of [first, second]) {
    socket.write('{"command":"nothing"}\n');
    await once(socket, "data");
  }
  await assert.rejects(askControl(socketPath, { command: "status" }), isError("NO_DAEMON", /pgvip\.sock/));
  first.end();
  await once(first, "close");
  assert.deepEqual(await askControl(socketPath, { command: "status" }), STATUS);
  second.destroy();
});

// ── the socket itself ───────────────────────────────────────────────────────────────────────────────────────────────

test("only the owner may use it, and its directory is made", async (t) => {
  const socketPath = await serve(t);
  assert.equal(statSync(socketPath).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(socketPath)).mode & 0o777, 0o755);
});

test("closing removes it and ends the conversations, once", async (t) => {
  const socketPath = newPath(t);
  const server = await serveControl(socketPath, HANDLERS);
  const socket = net.connect({ path: socketPath });
  await once(socket, "connect");
  await Promise.all([server.close(), server.close(), once(socket.resume(), "close")]);
  assert.equal(existsSync(socketPath), false);
});

test("a second agent is refused, and told who has the socket", async (t) => {
  const socketPath = await serve(t);
  const expected = isError("SOCKET_IN_USE", /pgvip\.sock is in use: an agent with process ID 4711 answers on it$/);
  await assert.rejects(serveControl(socketPath, HANDLERS), expected);
  assert.deepEqual(await askControl(socketPath, { command: "status" }), STATUS);
});

test("a socket that a killed agent left is replaced", async (t) => {
  const socketPath = newPath(t);
  mkdirSync(path.dirname(socketPath));
  const script =
    "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  await once(spawn(process.execPath, ["-e", script, socketPath], { stdio: "inherit" }), "close");
  assert.equal(existsSync(socketPath), true);
  const server = await serveControl(socketPath, HANDLERS);
  assert.deepEqual(await askControl(socketPath, { command: "status" }), STATUS);
  await server.close();
});

test("a file that is no socket is left alone", async (t) => {
  const socketPath = newPath(t);
  await (await serveControl(socketPath, HANDLERS)).close();
  writeFileSync(socketPath, "precious");
  await assert.rejects(serveControl(socketPath, HANDLERS), isError("SOCKET_IN_USE", /is in use: it is not a socket$/));
  assert.equal(statSync(socketPath).size, 8);
});

test("a directory that cannot be made", async () => {
  await assert.rejects(serveControl("/proc/pgvip/pgvip.sock", HANDLERS), isError("SYSTEM", /cannot be opened: /));
});

// ── the client ──────────────────────────────────────────────────────────────────────────────────────────────────────

test("nobody there", async (t) => {
  await assert.rejects(
    askControl(newPath(t), {}),
    isError("NO_DAEMON", /^no agent answers on .*: there is no such socket/),
  );
});

test("somebody else there", async (t) => {
  const socketPath = newPath(t);
  await (await serveControl(socketPath, HANDLERS)).close();
  let respond: (socket: net.Socket) => void = (socket) => socket.end("220 mail.example ESMTP\n");
  const server = net.createServer((socket) => {
    respond(socket);
  });
  server.listen(socketPath);
  await once(server, "listening");
  t.after(() => server.close());
  await assert.rejects(askControl(socketPath, {}), isError("NO_DAEMON", /what answers there is no pgvip agent$/));
  respond = (socket) => socket.destroy();
  await assert.rejects(askControl(socketPath, {}), isError("NO_DAEMON", /no agent answers on/));
  const hanging: net.Socket[] = [];
  respond = (socket) => hanging.push(socket);
  await assert.rejects(askControl(socketPath, {}, 50), isError("NO_DAEMON", /no answer within 50 ms$/));
  for (const socket of hanging) socket.destroy();
});
