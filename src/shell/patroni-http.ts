/** Patroni's REST API over HTTP: the port `Patroni`, as the daemon uses it. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { PatroniConfig, TlsConfig } from "../config/config.js";
import type { DcsSettings, Member, Observation, UnknownReason } from "../core/observation.js";
import { PgvipError } from "../errors.js";
import type { Clock } from "../ports/clock.js";
import type { HealthAnswer, PatientTerms, Patroni, Unavailable } from "../ports/patroni.js";
import { type Parsed, type PatroniStatus, parseMembers, parseSettings, parseStatus } from "../wire/patroni.js";
import { type Get, type GetRequest, type GetResult, type Getter, type Got, get } from "./http-get.js";
import { probePort } from "./tcp-probe.js";

const HEALTH_BYTES = 64 * 1024;
const DOCUMENT_BYTES = 1024 * 1024;
const PROBE_TIMEOUT_MS = 100;
const HEALTH = { maxBytes: HEALTH_BYTES, statuses: [200, 503] };
const NOTHING = new Uint8Array();
/** Members of a health check that change with every write, and that nothing is decided by. */
const NO_NEWS = ["xlog", "latest_end_lsn"];
/** `dcs_last_seen` is cut to whole seconds, so it lies in the future only when the wall clock was set back. */
const WALL_CLOCK_TOLERANCE_MS = 1000;

export interface HttpParts {
  /** The wall clock, to age `dcs_last_seen`. */
  readonly wallMs?: () => number;
  /** How to ask; by Node's own client unless told. */
  readonly get?: Getter;
}

/** Throws a PgvipError when the TLS files cannot be used. */
export function openPatroni(config: PatroniConfig, clock: Clock, parts: HttpParts = {}): Patroni {
  return new HttpPatroni(config, clock, { wallMs: Date.now, get, ...parts });
}

class HttpPatroni implements Patroni {
  readonly #config: PatroniConfig;
  readonly #clock: Clock;
  readonly #parts: Required<HttpParts>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #tls: GetRequest["tls"];
  readonly #underWay = new Set<Get>();
  #closed = false;
  /** At rest one answer is the same as the last: it is read once. */
  #lastRead: { readonly body: string; readonly parsed: Parsed<PatroniStatus> } | null = null;

  constructor(config: PatroniConfig, clock: Clock, parts: Required<HttpParts>) {
    this.#config = config;
    this.#clock = clock;
    this.#parts = parts;
    this.#headers = authorization(config.credentials);
    this.#tls = config.url.startsWith("https:") ? tlsOptions(config.tls) : null;
  }

  async health(path: string, timeoutMs: number): Promise<HealthAnswer> {
    return this.#health(path, timeoutMs, HEALTH);
  }

  async news(path: string, timeoutMs: number, { known, ...patience }: PatientTerms): Promise<HealthAnswer> {
    const terms = { ...patience, known: known.said ?? NOTHING, ignored: NO_NEWS };
    return this.#health(path, timeoutMs, { ...HEALTH, patience: terms });
  }

  async #health(path: string, timeoutMs: number, limits: Limits): Promise<HealthAnswer> {
    const wallAheadMs = this.#parts.wallMs() - this.#clock.nowMs();
    const { sentAtMs, result, bytes: said } = await this.#get(path, timeoutMs, limits);
    const answeredAtMs = this.#clock.nowMs();
    const read = result.ok ? this.#readHealth(result) : result;
    if (!read.ok) return { sentAtMs, answeredAtMs, observation: await this.#unknown(read), said };
    const { hasRole, status } = read;
    const dcsSeenAtMs = dcsSeenAt(status, sentAtMs, sentAtMs + wallAheadMs);
    return { sentAtMs, answeredAtMs, observation: { kind: "answered", hasRole, status, dcsSeenAtMs }, said };
  }

  async settings(timeoutMs: number): Promise<DcsSettings | Unavailable> {
    return this.#document("/config", timeoutMs, parseSettings);
  }

  async members(timeoutMs: number): Promise<readonly Member[] | Unavailable> {
    return this.#document("/cluster", timeoutMs, parseMembers);
  }

  close(): void {
    this.#closed = true;
    for (const exchange of this.#underWay) exchange.abort("closed");
  }

  async #document<Value>(
    path: string,
    timeoutMs: number,
    parse: (text: string) => Parsed<Value>,
  ): Promise<Value | Unavailable> {
    const { result } = await this.#get(path, timeoutMs, { maxBytes: DOCUMENT_BYTES, statuses: [200] });
    if (!result.ok) return { kind: "unavailable", detail: `${result.reason}: ${result.detail}` };
    const parsed = parse(result.body);
    return parsed.ok ? parsed.value : { kind: "unavailable", detail: `malformed: ${parsed.problem}` };
  }

  async #get(path: string, timeoutMs: number, limits: Limits): Promise<Got> {
    if (this.#closed) return { sentAtMs: this.#clock.nowMs(), result: failure("local", "closed"), bytes: null };
    const { url, connectTimeoutMs } = this.#config;
    const request = { headers: this.#headers, tls: this.#tls, connectTimeoutMs, timeoutMs, ...limits };
    const exchange = this.#parts.get({ url: new URL(path, url), ...request }, this.#clock);
    this.#underWay.add(exchange);
    const got = await exchange.got;
    this.#underWay.delete(exchange);
    return got;
  }

  /** The body of a health check, if it is that of the Patroni that we mean. */
  #readHealth(answer: GetResult & { readonly ok: true }): Health {
    const parsed = this.#parse(answer.body);
    if (!parsed.ok) return failure("malformed", parsed.problem);
    const status = parsed.value;
    const { scope, name } = this.#config;
    if (scope !== null && status.scope !== null && status.scope !== scope) {
      return failure("wrongScope", `it is of cluster ${show(status.scope)}, wanted ${show(scope)}`);
    }
    if (name !== null && status.name !== null && status.name !== name) {
      return failure("wrongName", `it is member ${show(status.name)}, wanted ${show(name)}`);
    }
    return { ok: true, hasRole: answer.status === 200, status };
  }

  #parse(body: string): Parsed<PatroniStatus> {
    if (this.#lastRead?.body !== body) this.#lastRead = { body, parsed: parseStatus(body) };
    return this.#lastRead.parsed;
  }

  async #unknown({ reason, detail }: Failure): Promise<Observation> {
    const port = this.#closed ? "unknown" : await probePort(this.#config.postgres, PROBE_TIMEOUT_MS, this.#clock);
    return { kind: "unknown", reason, detail, port };
  }
}

type Limits = Pick<GetRequest, "maxBytes" | "statuses" | "patience">;
type Failure = GetResult & { readonly ok: false };
type Health = { readonly ok: true; readonly hasRole: boolean; readonly status: PatroniStatus } | Failure;

function failure(reason: UnknownReason, detail: string): Failure {
  return { ok: false, reason, detail };
}

/** Text from the network, quoted and cut. */
function show(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** On the monotonic clock; `null` when Patroni does not tell, or when the wall clock cannot be right. */
function dcsSeenAt({ dcsLastSeenSeconds }: PatroniStatus, sentAtMs: number, sentWallMs: number): number | null {
  if (dcsLastSeenSeconds === null || dcsLastSeenSeconds === 0) return null;
  const ageMs = sentWallMs - dcsLastSeenSeconds * 1000;
  return ageMs < -WALL_CLOCK_TOLERANCE_MS ? null : sentAtMs - Math.max(0, ageMs);
}

/** Basic authentication (RFC 7617). */
export function authorization(credentials: PatroniConfig["credentials"]): Readonly<Record<string, string>> {
  if (credentials === null) return {};
  const { username, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** Read once: every question is a TLS handshake of its own, and there are ten and more each second. */
export function tlsOptions({ ca, client, verify }: TlsConfig): GetRequest["tls"] {
  try {
    const secureContext = createSecureContext({
      ...(ca === null ? {} : { ca: readFileSync(ca) }),
      ...(client === null ? {} : { cert: readFileSync(client.cert), key: readFileSync(client.key) }),
    });
    return { secureContext, rejectUnauthorized: verify };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError(
      "CONFIG",
      `the TLS files of patroni.ca, patroni.cert and patroni.key cannot be used: ${message}`,
      { cause },
    );
  }
}
