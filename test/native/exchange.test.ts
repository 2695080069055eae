/** Patient questions of the native network, to servers of this process: what is told of many answers, and when. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import net from "node:net";
import { type TestContext, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { nowMs, sleep, until } from "../../lab/wait.js";
import type { ExchangePatience } from "../../src/ports/network.js";
import { openNetwork } from "../../src/shell/native-network.js";
import { Orders, type Outcome } from "../../src/shell/orders.js";
import { listening } from "../shell/servers.js";
import { parseEvent } from "./event-shape.js";

const LONG_MS = 60_000;
const HEAD = "HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6\r\nDate: Thu, 26 Nov 2026 05:31:21 GMT\r\n\r\n";
const STATUS =
  '{"state": "running", "role": "replica", "xlog": {"received_location": 1, "paused": false}, "timeline": 1}';
const KNOWN = HEAD + STATUS;
const NEWS = HEAD + STATUS.replace("replica", "primary");

class Server {
  /** When each question was there. */
  readonly askedAtMs: number[] = [];
  readonly open = new Set<net.Socket>();
  readonly #server: net.Server;

  /** `say`: the answer to this question, counted from one; `null`: none, for as long as the other side waits. */
  constructor(say: (question: number) => string | null, afterMs = 0) {
    this.#server = net.createServer((socket) => {
      this.open.add(socket);
      socket.on("close", () => this.open.delete(socket));
      socket.once("data", () => {
        const text = say(this.askedAtMs.push(nowMs()));
        if (text !== null) void delay(afterMs).then(() => socket.end(text));
      });
    });
  }

  listen(t: TestContext): Promise<number> {
    return listening(t, this.#server);
  }

  /** Whoever asks from now on is refused. */
  async refuse(): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}

type Terms = Partial<Omit<ExchangePatience, "known">> & { readonly known?: string; readonly timeoutMs?: number };

function ask(t: TestContext, port: number, terms: Terms = {}): Promise<Outcome> {
  const network = openNetwork((events) => {
    for (const event of events) if (parseEvent(event).kind === "done") orders.settle(event as Outcome);
  });
  const orders = new Orders(network);
  t.after(() => {
    network.close();
  });
  return giveTo(orders, port, terms);
}

function giveTo(
  orders: Orders,
  port: number,
  { known = KNOWN, timeoutMs = LONG_MS, ...rest }: Terms,
): Promise<Outcome> {
  return orders.give({
    kind: "exchange",
    address: "127.0.0.1",
    port,
    request: Buffer.from("GET /primary HTTP/1.0\r\n\r\n"),
    connectTimeoutMs: timeoutMs,
    timeoutMs,
    maxBytes: 65_536,
    patience: {
      firstAtMs: 0,
      everyMs: 20,
      untilMs: nowMs() + LONG_MS,
      known: Buffer.from(known),
      ignored: ["xlog", "latest_end_lsn"],
      ...rest,
    },
  });
}

function textOf({ answer, failure }: Outcome): string {
  assert.equal(failure, null);
  return Buffer.from(answer ?? []).toString("latin1");
}

/** Answers that say the same as what is known does. */
const same: Readonly<Record<string, readonly [answer: string, known?: string]>> = {
  "of another time": [KNOWN.replace("05:31:21", "05:31:22")],
  "with other header fields": [`HTTP/1.0 200 OK\r\n\r\n${STATUS}`],
  "at another place in the WAL": [KNOWN.replace('"received_location": 1', '"received_location": 23456')],
  "with brackets in its strings": [KNOWN.replace("1, ", String.raw`1, "replayed_timestamp": "} \" ] , \\", `)],
  "with deeper values": [KNOWN.replace("false", '[{"xlog": {}}, [], {"a": [1, 2]}]')],
  "where the value is no object": [KNOWN.replace(/\{"received.*?\}/, "null")],
  "where the value is the last": [
    `${HEAD}{"role": "replica", "latest_end_lsn": 2}`,
    `${HEAD}{"role": "replica", "latest_end_lsn": 1}`,
  ],
};

/** Answers that say something else. */
const different: Readonly<Record<string, readonly [answer: string, known?: string]>> = {
  "with another status": [KNOWN.replace("200 OK", "503 Service Unavailable")],
  "with another state": [KNOWN.replace("running", "stopping")],
  "with another role": [KNOWN.replace("replica", "standby_leader")],
  "with another member behind the one that does not count": [KNOWN.replace('"timeline": 1', '"timeline": 2')],
  "with one more member": [KNOWN.replace("{", '{"pause": true, ')],
  "without the member that does not count": [KNOWN.replace(/"xlog".*?\}, /, "")],
  "with a member of that name inside another": [`${HEAD}{"patroni": {"xlog": 2}}`, `${HEAD}{"patroni": {"xlog": 1}}`],
  "with a value that only has that name": [`${HEAD}{"a": "xlog", "b": 2}`, `${HEAD}{"a": "xlog", "b": 1}`],
  "that is cut off in its body": [KNOWN.slice(0, -1)],
  "that is cut off in a value that does not count": [KNOWN.slice(0, KNOWN.indexOf("paused"))],
  "that is cut off in its head": [KNOWN.slice(0, 20)],
  "that is empty": [""],
  "that is no JSON": [`${HEAD}{{]]"\\`],
};

for (const [what, [answer, known]] of Object.entries(same)) {
  it(`an answer ${what} is not told`, async (t) => {
    const server = new Server((question) => (question === 1 ? answer : NEWS));
    const outcome = await ask(t, await server.listen(t), known === undefined ? {} : { known });
    assert.equal(textOf(outcome), NEWS);
  });
}

for (const [what, [answer, known]] of Object.entries(different)) {
  it(`an answer ${what} is told at once`, async (t) => {
    const server = new Server(() => answer);
    const outcome = await ask(t, await server.listen(t), known === undefined ? {} : { known });
    assert.equal(textOf(outcome), answer);
    assert.equal(server.askedAtMs.length, 1);
  });
}

it("the question is asked again on its cadence, each time on a connection of its own", async (t) => {
  const server = new Server((question) => (question < 8 ? KNOWN.replace("1, ", `${String(question)}, `) : NEWS));
  const port = await server.listen(t);
  const startMs = nowMs();
  const outcome = await ask(t, port, { everyMs: 50 });
  assert.equal(textOf(outcome), NEWS);
  assert.equal(server.askedAtMs.length, 8);
  // Late is fine, early is not: seven intervals lie between the first and the last.
  assert.ok((outcome.sentAtMs ?? 0) >= startMs + 7 * 50);
});

it("the last answer is told when patience is over, with the instant of its own question", async (t) => {
  const server = new Server((question) => KNOWN.replace("1, ", `${String(question)}, `));
  const port = await server.listen(t);
  const untilMs = nowMs() + 400;
  const outcome = await ask(t, port, { untilMs });
  const { length } = server.askedAtMs;
  assert.match(textOf(outcome), new RegExp(`"received_location": ${String(length)},`));
  const [before = 0, last = 0] = server.askedAtMs.slice(-2);
  const sentAtMs = outcome.sentAtMs ?? 0;
  assert.ok(length >= 2 && before < sentAtMs && sentAtMs <= last, `${before} < ${sentAtMs} <= ${last}`);
  assert.ok(sentAtMs <= untilMs);
  await sleep(100);
  assert.equal(server.askedAtMs.length, length);
});

it("an answer that took longer than patience lasts is the last one", async (t) => {
  const server = new Server(() => KNOWN, 300);
  const outcome = await ask(t, await server.listen(t), { untilMs: nowMs() + 200 });
  assert.equal(textOf(outcome), KNOWN);
  assert.equal(server.askedAtMs.length, 1);
});

it("the first question waits for its instant, although patience ends before", async (t) => {
  const server = new Server(() => KNOWN);
  const port = await server.listen(t);
  const firstAtMs = nowMs() + 250;
  const outcome = await ask(t, port, { firstAtMs, untilMs: firstAtMs - 100 });
  assert.equal(textOf(outcome), KNOWN);
  assert.ok((outcome.sentAtMs ?? 0) >= firstAtMs);
  assert.equal(server.askedAtMs.length, 1);
});

it("a question that is refused is told at once", async (t) => {
  const server = new Server((question) => {
    if (question === 2) void server.refuse();
    return KNOWN;
  });
  const { failure, answer, sentAtMs } = await ask(t, await server.listen(t));
  assert.deepEqual([failure?.call, failure?.errno, answer], ["connect", "ECONNREFUSED", null]);
  assert.ok(server.askedAtMs.length === 2 && (sentAtMs ?? 0) > server.askedAtMs[1]!);
});

it("a question without an answer is told after its own time", async (t) => {
  const server = new Server((question) => (question < 3 ? KNOWN : null));
  const { failure, answer, sentAtMs, atMs } = await ask(t, await server.listen(t), { timeoutMs: 1_000 });
  assert.deepEqual([failure?.call, failure?.errno, answer], ["recv", "ETIMEDOUT", null]);
  assert.equal(server.askedAtMs.length, 3);
  assert.ok(atMs >= (sentAtMs ?? Infinity) + 1_000);
});

it("questions that are waited for end with the network, and leave nothing", async (t) => {
  const server = new Server((question) => (question % 2 === 0 ? null : KNOWN));
  const port = await server.listen(t);
  const round = async (): Promise<void> => {
    const asked = server.askedAtMs.length;
    const network = openNetwork(() => undefined);
    const orders = new Orders(network);
    // In between two exchanges, within one, and before the first.
    for (const firstAtMs of [0, 0, nowMs() + LONG_MS]) void giveTo(orders, port, { firstAtMs, everyMs: LONG_MS });
    await until("both questions", () => server.askedAtMs.length === asked + 2);
    network.close();
    await until("the end of all connections", () => server.open.size === 0);
  };
  await round();
  const before = resources();
  for (let times = 0; times < 20; times += 1) await round();
  await until("what was before", () => {
    const after = resources();
    return after.descriptors <= before.descriptors && after.threads <= before.threads;
  });
});

function resources(): { readonly descriptors: number; readonly threads: number } {
  return { descriptors: readdirSync("/proc/self/fd").length, threads: readdirSync("/proc/self/task").length };
}
