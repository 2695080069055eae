/**
 * One GET over HTTP or HTTPS with an end: a deadline for connecting, one for the whole exchange, and a limit for the body.
 *
 * Never rejects. A connection is used once and destroyed, because Patroni's server speaks HTTP/1.0 and has five threads.
 */
import http from "node:http";
import https from "node:https";
import { TLSSocket, type SecureContext } from "node:tls";
import type { UnknownReason } from "../core/observation.js";
import type { Patience } from "../core/types.js";
import type { Clock } from "../ports/clock.js";

export interface GetRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: { readonly secureContext: SecureContext; readonly rejectUnauthorized: boolean } | null;
  readonly connectTimeoutMs: number;
  /** For connecting, headers and body together. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Statuses whose body is wanted. */
  readonly statuses: readonly number[];
  /** Ask again while the answer is the known one, but for its header fields and the values of some members of its JSON. */
  readonly patience?: Patience & { readonly known: Uint8Array; readonly ignored: readonly string[] };
}

export type GetResult =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | { readonly ok: false; readonly reason: UnknownReason; readonly detail: string };

/** What came of a GET, and of which one if it was made more than once. */
export interface Got {
  readonly sentAtMs: number;
  readonly result: GetResult;
  /** All that the server sent; `null` where nobody can use it. */
  readonly bytes: Uint8Array | null;
}

/** How a GET is made: by Node's own client (`get`), or by the network thread (exchange-get.ts). */
export type Getter = (request: GetRequest, clock: Clock) => Get;

/** An exchange under way. */
export interface Get {
  readonly got: Promise<Got>;
  /** Ends it with a "local" failure, unless it has ended already. */
  abort(detail: string): void;
}

/** Patience ends with the first answer here: each question wakes JavaScript up anyhow. */
export function get(request: GetRequest, clock: Clock): Get {
  const exchange = new Exchange(request, clock);
  return {
    got: exchange.got,
    abort: (detail) => {
      exchange.fail("local", detail);
    },
  };
}

class Exchange {
  readonly got: Promise<Got>;
  readonly #wanted: GetRequest;
  #sentAtMs: number;
  readonly #timers: (() => void)[] = [];
  #stage = "connecting";
  #request: http.ClientRequest | null = null;
  #settle: ((got: Got) => void) | null = null;

  constructor(wanted: GetRequest, clock: Clock) {
    this.#wanted = wanted;
    this.#sentAtMs = clock.nowMs();
    this.got = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const firstAtMs = wanted.patience?.firstAtMs ?? -Infinity;
    if (firstAtMs <= this.#sentAtMs) this.#begin(clock);
    else {
      this.#timers.push(
        clock.at(firstAtMs, () => {
          this.#begin(clock);
        }),
      );
    }
  }

  #begin(clock: Clock): void {
    this.#sentAtMs = clock.nowMs();
    try {
      this.#start(clock);
    } catch (error) {
      // Node refuses some requests at once, for example a header with a line break in it.
      this.fail("local", textOf(error));
    }
  }

  fail(reason: UnknownReason, detail: string): void {
    this.#end({ ok: false, reason, detail });
  }

  #start(clock: Clock): void {
    const { url, headers, tls, connectTimeoutMs, timeoutMs } = this.#wanted;
    const startMs = this.#sentAtMs;
    // Without an agent node:http asks for the connection to be closed.
    const options = { agent: false, headers } as const;
    const request = tls === null ? http.get(url, options) : https.get(url, { ...options, ...tls });
    this.#request = request;
    this.#timers.push(
      clock.at(startMs + timeoutMs, () => {
        this.#timeOut(timeoutMs);
      }),
    );
    const cancelConnect = clock.at(startMs + connectTimeoutMs, () => {
      this.#timeOut(connectTimeoutMs);
    });
    this.#timers.push(cancelConnect);

    request.on("error", (error) => {
      this.fail(reasonOf(error, this.#stage), `${this.#stage}: ${textOf(error)}`);
    });
    request.on("close", () => {
      this.fail("reset", `${this.#stage}: connection closed`);
    });
    request.on("socket", (socket) => {
      socket.once("connect", () => {
        cancelConnect();
        this.#stage = socket instanceof TLSSocket ? "TLS handshake" : "waiting for the answer";
      });
      socket.once("secureConnect", () => {
        this.#stage = "waiting for the answer";
      });
    });
    request.on("response", (response) => {
      this.#respond(response);
    });
  }

  #respond(response: http.IncomingMessage): void {
    const { statuses, maxBytes } = this.#wanted;
    const status = response.statusCode ?? 0;
    const unwanted = refusalOf(status, statuses);
    if (unwanted !== null) {
      this.#end(unwanted);
      return;
    }
    this.#stage = "reading the answer";
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes) this.#end(tooLarge(maxBytes));
    });
    response.on("error", (error) => {
      this.fail(reasonOf(error, this.#stage), `${this.#stage}: ${textOf(error)}`);
    });
    response.on("end", () => {
      this.#end({ ok: true, status, body: Buffer.concat(chunks).toString("utf8") });
    });
  }

  #timeOut(afterMs: number): void {
    this.fail("timeout", `${this.#stage}: not done within ${String(afterMs)} ms`);
  }

  #end(result: GetResult): void {
    const settle = this.#settle;
    if (settle === null) return;
    this.#settle = null;
    for (const cancel of this.#timers) cancel();
    // Destroys the socket as well; an error that follows is met by the listeners above and changes nothing.
    this.#request?.destroy();
    settle({ sentAtMs: this.#sentAtMs, result, bytes: null });
  }
}

/** Why an answer with this status is not read; `null`: it is. */
export function refusalOf(status: number, wanted: readonly number[]): Refused | null {
  if (wanted.includes(status)) return null;
  const reason = status >= 300 && status < 400 ? "redirected" : "unexpectedStatus";
  return { ok: false, reason, detail: `HTTP status ${String(status)}` };
}

export function tooLarge(maxBytes: number): Refused {
  return { ok: false, reason: "tooLarge", detail: `more than ${String(maxBytes)} bytes` };
}

type Refused = GetResult & { readonly ok: false };

/** What an errno says about the other side; `null` when that depends on what was being done. */
export function reasonOfErrno(errno: string): UnknownReason | null {
  return REASONS.get(errno) ?? null;
}

/** What an error of node:http, node:net or OpenSSL means. */
function reasonOf(error: Error, stage: string): UnknownReason {
  const code = codeOf(error);
  const reason = REASONS.get(code);
  if (reason !== undefined) return reason;
  if (code === "HPE_HEADER_OVERFLOW") return "tooLarge";
  if (code.startsWith("HPE_")) return "malformed";
  if (code.startsWith("EAI_")) return "unreachable";
  return stage === "TLS handshake" || /^(ERR_SSL_|ERR_TLS_|CERT_)/.test(code) ? "tls" : "reset";
}

const REASONS: ReadonlyMap<string, UnknownReason> = new Map([
  ["ECONNREFUSED", "refused"],
  ["ETIMEDOUT", "timeout"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["EHOSTDOWN", "unreachable"],
  ["ENETDOWN", "unreachable"],
  ["ENOTFOUND", "unreachable"],
  ["EPROTO", "tls"],
  ["EMFILE", "local"],
  ["ENFILE", "local"],
  ["ENOBUFS", "local"],
  ["ENOMEM", "local"],
  ["EADDRNOTAVAIL", "local"],
  ["EAGAIN", "local"],
  ["EACCES", "local"],
  ["EPERM", "local"],
]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Several addresses of one name were tried, and the sum of their failures has no message of its own. */
function textOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? codeOf(error) : (openSslText(message) ?? message);
}

/** OpenSSL's reason without its numbers, its source files and the end of its line; `null`: it is not of OpenSSL. */
function openSslText(message: string): string | null {
  const reason = /:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  if (reason === undefined) return null;
  return reason === "wrong version number" ? `${reason}: what answers speaks no TLS` : reason;
}
