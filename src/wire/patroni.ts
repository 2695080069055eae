/**
 * The JSON of Patroni's REST API, versions 3.0 to 4.1: health checks, `/config` and `/cluster`.
 *
 * Strict about what decides (role and state of a node, numbers that leases are reckoned with), lenient about the rest: an
 * optional field of an unexpected type counts as not told, so that a later Patroni that changes one of them does not take
 * the VIP down. Hostile text never throws, and no problem quotes it.
 */

export type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: string };

/** PostgreSQL's role as Patroni tells it. It was `master` up to 3.x and is `primary` from 4.0: both are "primary" here. */
export type PatroniRole = "primary" | "replica" | "demoted" | "standbyLeader" | "promoted" | "other";

/** PostgreSQL's state as Patroni tells it; what has spaces in Patroni (`start failed`, `creating replica`) is "other". */
export type PatroniState = "running" | "starting" | "stopping" | "stopped" | "crashed" | "other";

/** The answer to a health check (`GET /primary` and its like). */
export interface PatroniStatus {
  readonly role: PatroniRole;
  readonly rawRole: string;
  readonly state: PatroniState;
  readonly rawState: string;
  readonly timeline: number | null;
  /** The cluster is in maintenance mode: nothing is promoted or demoted by itself. */
  readonly pause: boolean;
  /** The DCS is away, and Patroni keeps its role because all members agree (failsafe_mode). */
  readonly failsafeActive: boolean;
  /** As far as this node knows, nobody has the leader lock. */
  readonly clusterUnlocked: boolean;
  /** When Patroni last read its DCS: whole seconds since the epoch, rounded down; 0 = never yet. */
  readonly dcsLastSeenSeconds: number | null;
  readonly scope: string | null;
  /** Told from 4.0 on. */
  readonly name: string | null;
  readonly version: string | null;
  /** WAL position in bytes: written on a primary, replayed on a replica. */
  readonly walPosition: number | null;
  readonly watchdogFailed: boolean;
}

/** Patroni's dynamic configuration (`GET /config`), as far as leases depend on it. */
export interface DcsSettings {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
  readonly failsafeMode: boolean;
}

/** A member of the cluster (`GET /cluster`). */
export interface Member {
  readonly name: string;
  /** leader, standby_leader, sync_standby, quorum_standby, replica. */
  readonly role: string;
  /** Replicas in good order are `running` up to 3.0.3 and `streaming` from 3.0.4 on; empty when not told. */
  readonly state: string;
  /** Host of `conn_url` / PostgreSQL, as Patroni tells it. */
  readonly host: string | null;
  readonly port: number | null;
  readonly apiUrl: string | null;
  readonly timeline: number | null;
  /** Bytes that a replica is behind; `null` for the leader, and when Patroni does not know ("unknown"). */
  readonly lagBytes: number | null;
}

/** The body of a health check, whatever its status code was. */
export function parseStatus(text: string): Parsed<PatroniStatus> {
  const body = parseObject(text);
  if (body === null) return problem("not a JSON object");
  const rawRole = stringIn(body, "role");
  const rawState = stringIn(body, "state");
  if (rawRole === null) return problem(`"role" ${mustBe("a string", body["role"])}`);
  if (rawState === null) return problem(`"state" ${mustBe("a string", body["state"])}`);
  const patroni = objectIn(body, "patroni");
  const xlog = objectIn(body, "xlog");
  return ok({
    role: ROLES.get(rawRole) ?? "other",
    rawRole,
    state: STATES.get(rawState) ?? "other",
    rawState,
    timeline: wholeIn(body, "timeline", 1),
    pause: body["pause"] === true,
    failsafeActive: body["failsafe_mode_is_active"] === true,
    clusterUnlocked: body["cluster_unlocked"] === true,
    dcsLastSeenSeconds: wholeIn(body, "dcs_last_seen", 0),
    scope: stringIn(patroni, "scope"),
    name: stringIn(patroni, "name"),
    version: stringIn(patroni, "version"),
    walPosition: wholeIn(xlog, "location", 0) ?? wholeIn(xlog, "replayed_location", 0),
    watchdogFailed: body["watchdog_failed"] === true,
  });
}

/** The body of `GET /config`. What is not set there has Patroni's default. */
export function parseSettings(text: string): Parsed<DcsSettings> {
  const body = parseObject(text);
  if (body === null) return problem("not a JSON object");
  const ttlMs = spanIn(body, "ttl", 30);
  const loopWaitMs = spanIn(body, "loop_wait", 10);
  const retryTimeoutMs = spanIn(body, "retry_timeout", 10);
  if (!ttlMs.ok) return ttlMs;
  if (!loopWaitMs.ok) return loopWaitMs;
  if (!retryTimeoutMs.ok) return retryTimeoutMs;
  return ok({
    ttlMs: ttlMs.value,
    loopWaitMs: loopWaitMs.value,
    retryTimeoutMs: retryTimeoutMs.value,
    failsafeMode: isOn(body["failsafe_mode"]),
  });
}

/** The body of `GET /cluster`. */
export function parseMembers(text: string): Parsed<readonly Member[]> {
  const list = parseObject(text)?.["members"];
  if (!Array.isArray(list)) return problem(`not a JSON object with a list of "members"`);
  const members: Member[] = [];
  for (const [index, entry] of list.entries()) {
    const member = isObject(entry) ? parseMember(entry) : null;
    if (member === null) return problem(`"members[${String(index)}]" has no "name" and "role"`);
    members.push(member);
  }
  return ok(members);
}

const ROLES: ReadonlyMap<string, PatroniRole> = new Map([
  ["master", "primary"],
  ["primary", "primary"],
  ["replica", "replica"],
  ["demoted", "demoted"],
  ["standby_leader", "standbyLeader"],
  ["promoted", "promoted"],
]);

const STATES: ReadonlyMap<string, PatroniState> = new Map([
  ["running", "running"],
  ["starting", "starting"],
  ["stopping", "stopping"],
  ["stopped", "stopped"],
  ["crashed", "crashed"],
]);

/** Longer than any sensible ttl; keeps milliseconds far inside what deadlines can be reckoned with. */
const MAX_SPAN_SECONDS = 86_400;

type JsonObject = Readonly<Record<string, unknown>>;

function parseMember(entry: JsonObject): Member | null {
  const name = stringIn(entry, "name");
  const role = stringIn(entry, "role");
  if (name === null || role === null) return null;
  return {
    name,
    role,
    state: stringIn(entry, "state") ?? "",
    host: stringIn(entry, "host"),
    port: wholeIn(entry, "port", 1),
    apiUrl: stringIn(entry, "api_url"),
    timeline: wholeIn(entry, "timeline", 1),
    lagBytes: wholeIn(entry, "lag", 0),
  };
}

/** Seconds as Patroni reads them, with Python's `int()`: digits in a string will do, fractions are cut off. */
function spanIn(body: JsonObject, key: string, defaultSeconds: number): Parsed<number> {
  const value = body[key] ?? defaultSeconds;
  const number = typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : value;
  const seconds = typeof number === "number" ? Math.trunc(number) : 0;
  if (seconds >= 1 && seconds <= MAX_SPAN_SECONDS) return ok(seconds * 1000);
  return problem(`"${key}" ${mustBe(`1 to ${String(MAX_SPAN_SECONDS)} seconds`, value)}`);
}

/** What Patroni takes for true in a setting (`patroni/utils.py`, parse_bool). */
function isOn(value: unknown): boolean {
  if (typeof value === "string") return ["on", "true", "yes", "1"].includes(value.toLowerCase());
  return value === true || value === 1;
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectIn(body: JsonObject, key: string): JsonObject {
  const value = body[key];
  return isObject(value) ? value : {};
}

function stringIn(body: JsonObject, key: string): string | null {
  const value = body[key];
  return typeof value === "string" ? value : null;
}

function wholeIn(body: JsonObject, key: string, lowest: number): number | null {
  const value = body[key];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= lowest ? value : null;
}

function mustBe(wanted: string, got: unknown): string {
  const type = got === null ? "null" : Array.isArray(got) ? "a list" : got === undefined ? "missing" : typeof got;
  return `must be ${wanted}, is ${type === "number" ? String(got) : type}`;
}

function ok<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

function problem(text: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: text };
}
