/** The local Patroni, as the agent asks it. Nothing here ever rejects: what goes wrong is an answer, with its reason. */
import type { DcsSettings, Member, Observation } from "../core/observation.js";
import type { Patience } from "../core/types.js";

export interface HealthAnswer {
  /** Monotonic instant at which the request was sent: the age of the answer counts from here. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  readonly observation: Observation;
  /** The answer as it came, for a later patient question; `null` when there was none, or nothing is asked patiently. */
  readonly said: Uint8Array | null;
}

/** The question may be asked again until the answer is another than this one. */
export interface PatientTerms extends Patience {
  readonly known: HealthAnswer;
}

export interface Unavailable {
  readonly kind: "unavailable";
  readonly detail: string;
}

export interface Patroni {
  /**
   * `GET path` (`/primary`, `/replica?lag=1MB`) with one deadline for the whole exchange. The answer to the same question
   * that was asked at `notBeforeMs` or later will do as well; without it, only one of its own.
   */
  health(path: string, timeoutMs: number, notBeforeMs?: number): Promise<HealthAnswer>;
  /** The same, asked patiently: resolves with the first answer that says something new, or with the last one. */
  news(path: string, timeoutMs: number, terms: PatientTerms): Promise<HealthAnswer>;
  /** `GET /config`. */
  settings(timeoutMs: number): Promise<DcsSettings | Unavailable>;
  /** `GET /cluster`: makes Patroni read its DCS, so ask it rarely. */
  members(timeoutMs: number): Promise<readonly Member[] | Unavailable>;
  /** Aborts what is under way. Idempotent. */
  close(): void;
}
