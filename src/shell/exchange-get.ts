/**
 * One GET over plain HTTP/1.0 by the network thread: a question to Patroni costs a quarter of what it costs with node:http,
 * and does not wait for JavaScript (docs/adr/0014). What needs a name to be resolved, or TLS, is left to node:http.
 */
import { isIP } from "node:net";
import { assert } from "../assert.js";
import type { UnknownReason } from "../core/observation.js";
import type { Clock } from "../ports/clock.js";
import type { OrderFailure } from "../ports/network.js";
import { parseHttpAnswer } from "../wire/http-answer.js";
import {
  type Get,
  type GetRequest,
  type GetResult,
  type Getter,
  type Got,
  get,
  reasonOfErrno,
  refusalOf,
  tooLarge,
} from "./http-get.js";
import type { Orders, Outcome } from "./orders.js";

/** `get` by the network thread where that can do it. */
export function getBy(orders: Orders): Getter {
  return (request, clock) => {
    const address = addressOf(request);
    return address === null ? get(request, clock) : exchange(request, address, orders, clock);
  };
}

/** The address of a server that can be asked without a name service and without TLS. */
function addressOf({ url, tls }: GetRequest): string | null {
  if (tls !== null || url.protocol !== "http:") return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? null : host;
}

function exchange(request: GetRequest, address: string, orders: Orders, clock: Clock): Get {
  const { url, connectTimeoutMs, timeoutMs, maxBytes, patience } = request;
  const port = url.port === "" ? 80 : Number(url.port);
  const question = { address, port, request: bytesOf(request), connectTimeoutMs, timeoutMs, maxBytes };
  const givenAtMs = clock.nowMs();
  const outcome = orders.give({ kind: "exchange", ...question, ...(patience === undefined ? {} : { patience }) });
  let abort: Get["abort"] = () => undefined;
  // What was asked goes on until its own end; nobody waits for it any more.
  const got = new Promise<Got>((resolve) => {
    abort = (detail) => {
      resolve({ sentAtMs: givenAtMs, result: failed("local", detail), bytes: null });
    };
    void outcome.then((done) => {
      resolve({ sentAtMs: done.sentAtMs ?? givenAtMs, result: read(done, request), bytes: done.answer });
    });
  });
  return { got, abort };
}

function bytesOf({ url, headers }: GetRequest): Uint8Array {
  const fields = Object.entries({ host: url.host, connection: "close", ...headers });
  const lines = [`GET ${url.pathname}${url.search} HTTP/1.0`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function read({ failure, answer }: Outcome, request: GetRequest): GetResult {
  if (answer !== null) return accept(answer, request.statuses);
  assert(failure !== null, "an exchange ends with an answer or a failure");
  return explain(failure, request);
}

function accept(bytes: Uint8Array, statuses: readonly number[]): GetResult {
  const answer = parseHttpAnswer(bytes);
  if (answer.kind === "cutOff") return failed("reset", `reading the answer: cut off, ${answer.problem}`);
  if (answer.kind === "malformed") return failed("malformed", answer.problem);
  const { status, body } = answer;
  return refusalOf(status, statuses) ?? { ok: true, status, body };
}

const STAGES: Readonly<Record<string, string>> = { send: "sending", recv: "waiting for the answer" };

function explain({ call, errno, detail }: OrderFailure, request: GetRequest): GetResult {
  const { connectTimeoutMs, timeoutMs, maxBytes } = request;
  if (errno === "EMSGSIZE") return tooLarge(maxBytes);
  const stage = STAGES[call] ?? "connecting";
  if (errno === "ETIMEDOUT") {
    const afterMs = stage === "connecting" ? Math.min(connectTimeoutMs, timeoutMs) : timeoutMs;
    return failed("timeout", `${stage}: not done within ${String(afterMs)} ms`);
  }
  return failed(reasonOfErrno(errno) ?? "reset", `${stage}: ${call} ${errno} ${detail}`.trimEnd());
}

function failed(reason: UnknownReason, detail: string): GetResult {
  return { ok: false, reason, detail };
}
