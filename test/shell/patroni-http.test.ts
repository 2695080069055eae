/** The Patroni client against real servers on loopback, good ones and bad ones. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { type TestContext, after, test } from "node:test";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import type { PatroniConfig } from "../../src/config/config.js";
import type { Observation, UnknownReason } from "../../src/core/observation.js";
import type { Patroni } from "../../src/ports/patroni.js";
import { getBy } from "../../src/shell/exchange-get.js";
import { type Getter, get } from "../../src/shell/http-get.js";
import { openNetwork } from "../../src/shell/native-network.js";
import { Orders } from "../../src/shell/orders.js";
import { openPatroni } from "../../src/shell/patroni-http.js";
import { systemClock } from "../../src/shell/system-clock.js";
import { body, closedPort, drip, httpServer, listening, patroniConfig, patroniServer, rawServer } from "./servers.js";

/** Long enough for a busy machine where an answer is expected. */
const AMPLE_MS = 10_000;
/** Short where the deadline itself is tested. */
const SHORT_MS = 150;

/** The daemon's network thread, for plain HTTP; node:http, for all else and for the other commands. */
const network = openNetwork((events) => {
  for (const event of events) if (event.kind === "done") orders.settle(event);
});
const orders = new Orders(network);
const getters: readonly (readonly [string, Getter])[] = [
  ["node:http", get],
  ["network thread", getBy(orders)],
];
after(() => {
  network.close();
});

type Open = (config: PatroniConfig, wallMs?: () => number) => Patroni;

/** A test for each way to ask. */
function each(name: string, run: (t: TestContext, open: Open) => Promise<void>): void {
  for (const [how, getter] of getters) {
    const open: Open = (config, wallMs) =>
      openPatroni(config, systemClock, { get: getter, ...(wallMs === undefined ? {} : { wallMs }) });
    test(`${how}: ${name}`, (t) => run(t, open));
  }
}

const PRIMARY = body("4.1.4-primary");

async function ask(open: Open, config: PatroniConfig, timeoutMs = AMPLE_MS, wallMs?: () => number) {
  const patroni = open(config, wallMs);
  try {
    return await patroni.health("/primary", timeoutMs);
  } finally {
    patroni.close();
  }
}

async function observe(open: Open, config: PatroniConfig, timeoutMs = AMPLE_MS): Promise<Observation> {
  return (await ask(open, config, timeoutMs)).observation;
}

/** `reason: null`: one of those there are. */
function isUnknown(observation: Observation, reason: UnknownReason | null, detail?: RegExp): void {
  assert.equal(observation.kind, "unknown", JSON.stringify(observation));
  if (reason !== null) assert.equal(observation.reason, reason, observation.detail);
  if (detail !== undefined) assert.match(observation.detail, detail);
}

// ── good answers ────────────────────────────────────────────────────────────────────────────────────────────────────

each("a primary of 4.x", async (t, open) => {
  const observation = await observe(open, patroniConfig(await patroniServer(t, 200, PRIMARY)));
  assert.equal(observation.kind, "answered");
  assert.equal(observation.hasRole, true);
  assert.deepEqual([observation.status.role, observation.status.state], ["primary", "running"]);
});

each("a primary and a replica of 3.x", async (t, open) => {
  const primary = await observe(open, patroniConfig(await patroniServer(t, 200, body("3.0.2-primary"))));
  const replica = await observe(open, patroniConfig(await patroniServer(t, 503, body("3.0.2-replica"))));
  assert.ok(primary.kind === "answered" && primary.hasRole && primary.status.role === "primary");
  assert.ok(replica.kind === "answered" && !replica.hasRole && replica.status.role === "replica");
});

each("the path is asked for as it is, without keep-alive", async (t, open) => {
  const seen: (string | undefined)[] = [];
  const port = await httpServer(t, ({ method, url, headers }, response) => {
    seen.push(method, url, headers.connection, headers.authorization);
    response.end(PRIMARY);
  });
  const patroni = open(patroniConfig(port));
  await patroni.health("/replica?lag=1MB", AMPLE_MS);
  assert.deepEqual(seen, ["GET", "/replica?lag=1MB", "close", undefined]);
});

each("basic authentication", async (t, open) => {
  const port = await httpServer(t, ({ headers }, response) => {
    const isRight = headers.authorization === `Basic ${Buffer.from("bob:s3:cr\u00e9t").toString("base64")}`;
    response.writeHead(isRight ? 200 : 401).end(PRIMARY);
  });
  const right = { username: "bob", password: "s3:cr\u00e9t" };
  assert.equal((await observe(open, patroniConfig(port, { credentials: right }))).kind, "answered");
  const wrong = await observe(open, patroniConfig(port, { credentials: { ...right, password: "x" } }));
  isUnknown(wrong, "unexpectedStatus", /^HTTP status 401$/);
});

each("settings and members", async (t, open) => {
  const port = await httpServer(t, ({ url }, response) => {
    response.end(body(url === "/config" ? "3.0.2-config" : "3.0.2-cluster"));
  });
  const patroni = open(patroniConfig(port));
  const settings = await patroni.settings(AMPLE_MS);
  const members = await patroni.members(AMPLE_MS);
  assert.ok("ttlMs" in settings && settings.ttlMs > 0);
  assert.ok(Array.isArray(members) && members.length > 0);
});

each("settings and members that are not to be had", async (t, open) => {
  const patroni = open(patroniConfig(await patroniServer(t, 502, "")));
  assert.deepEqual(await patroni.settings(AMPLE_MS), {
    kind: "unavailable",
    detail: "unexpectedStatus: HTTP status 502",
  });
  const nonsense = open(patroniConfig(await patroniServer(t, 200, "[]")));
  const members = await nonsense.members(AMPLE_MS);
  assert.ok("kind" in members && members.detail.startsWith("malformed: "));
});

each("one connection for each question, and none is left", async (t, open) => {
  let connected = 0;
  let total = 0;
  const server = http.createServer((_, response) => response.end(PRIMARY));
  server.on("connection", (socket) => {
    connected += 1;
    total += 1;
    socket.on("close", () => (connected -= 1));
  });
  const patroni = open(patroniConfig(await listening(t, server)));
  for (let question = 0; question < 20; question += 1) await patroni.health("/primary", AMPLE_MS);
  assert.equal(total, 20);
  while (connected > 0) await nextTurn();
});

// ── when the DCS was last seen ──────────────────────────────────────────────────────────────────────────────────────

const SEEN_AT_S = 1_795_397_949;

async function dcsSeen(
  open: Open,
  t: TestContext,
  seenAtS: number | undefined,
  wallMs: number,
): Promise<number | null> {
  const text = JSON.stringify({ state: "running", role: "primary", dcs_last_seen: seenAtS });
  const answer = await ask(open, patroniConfig(await patroniServer(t, 200, text)), AMPLE_MS, () => wallMs);
  assert.ok(answer.observation.kind === "answered");
  const { dcsSeenAtMs } = answer.observation;
  // A question leaves some time after it was ordered; this wall clock stands still meanwhile.
  return dcsSeenAtMs === null ? null : Math.round((answer.sentAtMs - dcsSeenAtMs) / 100) * 100;
}

each("dcs_last_seen is put on the monotonic clock by its age", async (t, open) => {
  assert.equal(await dcsSeen(open, t, SEEN_AT_S, SEEN_AT_S * 1000 + 4500), 4500);
  assert.equal(await dcsSeen(open, t, SEEN_AT_S, SEEN_AT_S * 1000), 0);
});

each("a wall clock that is behind: slightly is now, more is not believed", async (t, open) => {
  assert.equal(await dcsSeen(open, t, SEEN_AT_S, SEEN_AT_S * 1000 - 900), 0);
  assert.equal(await dcsSeen(open, t, SEEN_AT_S, SEEN_AT_S * 1000 - 1100), null);
});

each("a Patroni that has not seen its DCS yet, or does not tell", async (t, open) => {
  assert.equal(await dcsSeen(open, t, 0, SEEN_AT_S * 1000), null);
  assert.equal(await dcsSeen(open, t, undefined, SEEN_AT_S * 1000), null);
});

// ── another Patroni than ours ───────────────────────────────────────────────────────────────────────────────────────

each("wrong scope", async (t, open) => {
  const config = patroniConfig(await patroniServer(t, 200, PRIMARY), { scope: "other" });
  isUnknown(await observe(open, config), "wrongScope", /^it is of cluster ".+", wanted "other"$/);
});

each("wrong name; a Patroni that tells none is believed", async (t, open) => {
  const config = patroniConfig(await patroniServer(t, 200, PRIMARY), { name: "other" });
  isUnknown(await observe(open, config), "wrongName", /^it is member ".+", wanted "other"$/);
  const old = patroniConfig(await patroniServer(t, 200, body("3.0.2-primary")), { name: "other" });
  assert.equal((await observe(open, old)).kind, "answered");
});

// ── bad answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

each("refused, and what PostgreSQL's port says", async (t, open) => {
  const closed = await closedPort();
  const postgres = await listening(t, net.createServer());
  const refused = await observe(open, patroniConfig(closed, { postgres: { host: "127.0.0.1", port: closed } }));
  isUnknown(refused, "refused", /^connecting: connect ECONNREFUSED/);
  assert.ok(refused.kind === "unknown" && refused.port === "refuses");
  const accepts = await observe(open, patroniConfig(closed, { postgres: { host: "127.0.0.1", port: postgres } }));
  assert.ok(accepts.kind === "unknown" && accepts.port === "accepts");
  const silent = await observe(
    open,
    patroniConfig(closed, { postgres: { host: "127.0.0.1", port: await fullBacklog(t) } }),
  );
  assert.ok(silent.kind === "unknown" && silent.port === "unknown");
});

each("a name that does not resolve", async (_, open) => {
  isUnknown(await observe(open, { ...patroniConfig(1), url: "http://nowhere.invalid:8008" }, 30_000), "unreachable");
});

const STATUSES: readonly (readonly [number, UnknownReason])[] = [
  [301, "redirected"],
  [302, "redirected"],
  [204, "unexpectedStatus"],
  [400, "unexpectedStatus"],
  [404, "unexpectedStatus"],
  [500, "unexpectedStatus"],
  [502, "unexpectedStatus"],
];
for (const [status, reason] of STATUSES) {
  each(`status ${String(status)}`, async (t, open) => {
    let requests = 0;
    const port = await httpServer(t, (_, response) => {
      requests += 1;
      response.writeHead(status, { location: "/elsewhere" }).end(PRIMARY);
    });
    isUnknown(await observe(open, patroniConfig(port)), reason, new RegExp(`^HTTP status ${String(status)}$`));
    assert.equal(requests, 1);
  });
}

/** What a server sends before it closes the connection. */
const ANSWERS: readonly (readonly [string, string | Buffer, UnknownReason | null])[] = [
  ["nothing at all", "", "reset"],
  ["garbage", Buffer.from([0x16, 0x03, 0x01, 0xff, 0x00, 0x80]), "malformed"],
  ["another protocol", "SSH-2.0-OpenSSH_9.2p1\r\n", "malformed"],
  ["half a header", "HTTP/1.0 200 OK\r\nContent-Ty", "reset"],
  ["endless headers", `HTTP/1.0 200 OK\r\n${"X-A: b\r\n".repeat(50_000)}`, "tooLarge"],
  ["no body", "HTTP/1.0 200 OK\r\n\r\n", "malformed"],
  ["a body cut short, by its length", `HTTP/1.0 200 OK\r\nContent-Length: 500\r\n\r\n{"state":`, "reset"],
  ["a body cut short, without a length", `HTTP/1.0 200 OK\r\n\r\n${PRIMARY.slice(0, -9)}`, "malformed"],
  ["JSON of something else", `HTTP/1.0 200 OK\r\n\r\n{"status":"ok"}`, "malformed"],
  ["HTML", "HTTP/1.0 200 OK\r\n\r\n<html></html>", "malformed"],
  ["bytes that are no text", Buffer.from("HTTP/1.0 200 OK\r\n\r\n\xff\xfe\x00", "latin1"), "malformed"],
  ["another protocol from here on", "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", null],
];
for (const [name, bytes, reason] of ANSWERS) {
  each(`answer: ${name}`, async (t, open) => {
    const port = await rawServer(t, (socket) => socket.end(bytes));
    isUnknown(await observe(open, patroniConfig(port)), reason);
  });
}

each("a connection that is reset", async (t, open) => {
  const port = await rawServer(t, (socket) => socket.resetAndDestroy());
  isUnknown(await observe(open, patroniConfig(port)), "reset");
});

each("a connection that is closed as soon as it is made", async (t, open) => {
  const port = await listening(
    t,
    net.createServer((socket) => socket.destroy()),
  );
  isUnknown(await observe(open, patroniConfig(port)), "reset");
});

each("a body of a gigabyte is not read", async (t, open) => {
  let sent = 0;
  const port = await httpServer(t, (_, response) => {
    const chunk = Buffer.alloc(64 * 1024, " ");
    const more = (): void => {
      while (sent < 1e9 && !response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on("drain", more);
    response.on("error", () => undefined);
    more();
  });
  isUnknown(await observe(open, patroniConfig(port)), "tooLarge", /^more than 65536 bytes$/);
  assert.ok(sent < 50e6, `${String(sent)} bytes were sent`);
});

each("/cluster may be larger than a health check, but not without limit", async (t, open) => {
  const port = await httpServer(t, (_, response) => response.end(" ".repeat(2_000_000)));
  const members = await open(patroniConfig(port)).members(AMPLE_MS);
  assert.deepEqual(members, { kind: "unavailable", detail: "tooLarge: more than 1048576 bytes" });
  const large = JSON.stringify({ members: Array(3000).fill({ name: "pg1", role: "replica" }) });
  const fine = await httpServer(t, (_, response) => response.end(large));
  const many = await open(patroniConfig(fine)).members(AMPLE_MS);
  assert.ok(Array.isArray(many) && many.length === 3000);
});

// ── deadlines ───────────────────────────────────────────────────────────────────────────────────────────────────────

each("a server that never answers", async (t, open) => {
  const port = await listening(t, net.createServer());
  isUnknown(
    await observe(open, patroniConfig(port), SHORT_MS),
    "timeout",
    /^waiting for the answer: not done within 150 ms$/,
  );
});

each("headers one byte at a time", async (t, open) => {
  const port = await rawServer(t, (socket) => drip(socket, `HTTP/1.0 200 OK\r\n\r\n${PRIMARY}`, 50));
  isUnknown(await observe(open, patroniConfig(port), SHORT_MS), "timeout", /^waiting for the answer/);
});

each("a body one byte at a time", async (t, open) => {
  const port = await rawServer(t, (socket) => {
    socket.write("HTTP/1.0 200 OK\r\n\r\n");
    return drip(socket, PRIMARY, 50);
  });
  isUnknown(await observe(open, patroniConfig(port), SHORT_MS), "timeout", /^(reading|waiting for) the answer/);
});

each("a host that does not answer to SYN has its own deadline", async (t, open) => {
  const port = await fullBacklog(t);
  const config = patroniConfig(port, { connectTimeoutMs: SHORT_MS });
  isUnknown(await observe(open, config), "timeout", /^connecting: not done within 150 ms$/);
});

each("the deadline for connecting ends with the connection", async (t, open) => {
  const port = await rawServer(t, async (socket) => {
    await delay(700);
    socket.end(`HTTP/1.0 200 OK\r\n\r\n${PRIMARY}`);
  });
  assert.equal((await observe(open, patroniConfig(port, { connectTimeoutMs: 500 }))).kind, "answered");
});

each("what took too long is disconnected at once", async (t, open) => {
  const server = net.createServer();
  const port = await listening(t, server);
  const connected = once(server, "connection") as Promise<[net.Socket]>;
  const patroni = open(patroniConfig(port));
  await patroni.health("/primary", SHORT_MS);
  const [socket] = await connected;
  await once(socket.resume(), "end");
});

each("closing ends what is under way, and what comes later", async (t, open) => {
  const server = net.createServer();
  const patroni = open(patroniConfig(await listening(t, server)));
  const pending = patroni.health("/primary", AMPLE_MS);
  await once(server, "connection");
  patroni.close();
  patroni.close();
  isUnknown((await pending).observation, "local", /^closed$/);
  isUnknown((await patroni.health("/primary", AMPLE_MS)).observation, "local", /^closed$/);
});

// ── this machine ────────────────────────────────────────────────────────────────────────────────────────────────────

test("no file descriptors left", async (t) => {
  const port = await patroniServer(t, 200, PRIMARY);
  const script = new URL("./without-descriptors.ts", import.meta.url).pathname;
  const shell = `ulimit -n 256 && exec "$0" --import tsx "$1" "$2"`;
  const child = spawn("sh", ["-c", shell, process.execPath, script, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0);
  const [without, after] = JSON.parse(Buffer.concat(chunks).toString()) as [Observation, Observation];
  isUnknown(without, "local", /EMFILE/);
  assert.equal(after.kind, "answered", "it works again when there are descriptors");
});

/** A port whose queue of connections is full, so that the kernel drops every further SYN. */
async function fullBacklog(t: TestContext): Promise<number> {
  const script =
    "import socket,sys\ns=socket.socket()\ns.bind(('127.0.0.1',0))\ns.listen(0)\nprint(s.getsockname()[1],flush=True)\nsys.stdin.read()";
  const child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => {
    child.stdin.end();
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  const fillers = Array.from({ length: 3 }, () => net.connect(port, "127.0.0.1").on("error", () => undefined));
  t.after(() => {
    for (const filler of fillers) filler.destroy();
  });
  await once(fillers[0] ?? assert.fail(), "connect");
  return port;
}
