/**
 * What one question to Patroni brought, as the shell hands it to the core. Pure data.
 *
 * "Unknown" is a value of its own with a reason: a slow, lying or dead Patroni is never the same as "not the leader".
 */
import type { PatroniStatus } from "../wire/patroni.js";

export type { DcsSettings, Member } from "../wire/patroni.js";

/** Why an answer says nothing about leadership. */
export type UnknownReason =
  /** Nobody listens on the REST port. */
  | "refused"
  /** No whole answer inside the deadline (connect, headers and body together). */
  | "timeout"
  /** The connection broke before the answer was whole. */
  | "reset"
  /** Host or network unreachable, or the name did not resolve. */
  | "unreachable"
  /** TLS handshake or certificate. */
  | "tls"
  /** The answer was a redirect; it is not followed. */
  | "redirected"
  /** More bytes than any Patroni answers. */
  | "tooLarge"
  /** Not HTTP, not JSON, or not the JSON of a Patroni. */
  | "malformed"
  /** A status other than 200 and 503. */
  | "unexpectedStatus"
  /** Patroni of another cluster, or of another member than configured. */
  | "wrongScope"
  | "wrongName"
  /** It says "leader", but has not seen its DCS for as long as the lock lives: it slept, and has not looked since. */
  | "outlived"
  /** The local machine had no resources (EMFILE, ENOBUFS, ...). */
  | "local";

/** Whether PostgreSQL's port on this node takes a TCP connection. */
export type PortState = "accepts" | "refuses" | "unknown";

export interface Answered {
  readonly kind: "answered";
  /** HTTP 200: this node has the role that was asked for. 503: it has not. */
  readonly hasRole: boolean;
  readonly status: PatroniStatus;
  /** When Patroni last saw its DCS, on the monotonic clock; `null` when not told or when the wall clock is off. */
  readonly dcsSeenAtMs: number | null;
}

export type Observation =
  | Answered
  | {
      readonly kind: "unknown";
      readonly reason: UnknownReason;
      /** For people: what was found, without secrets. */
      readonly detail: string;
      readonly port: PortState;
    };

/** Since when Patroni says the same of when it last saw its DCS: it has not looked again meanwhile. */
export interface DcsTold {
  /** `dcs_last_seen`, by Patroni's wall clock. */
  readonly seconds: number;
  readonly sinceMs: number;
}
