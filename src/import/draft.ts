/** A configuration as it will be written: settings by the names of our own file, with remarks for whoever reads it. */
import type * as v from "valibot";
import type { patroni, vip } from "../config/schema.js";
import type { Finding } from "./findings.js";

export type PatroniInput = v.InferInput<typeof patroni>;
export type VipInput = v.InferInput<typeof vip>;

/** By setting: stands behind it, or above it where it is long. */
type Notes<Settings> = Readonly<Partial<Record<keyof Settings, string>>>;

export interface Section<Settings> {
  readonly settings: Settings;
  readonly notes: Notes<Settings>;
}

export interface VipDraft extends Section<VipInput> {
  /** Where it comes from. */
  readonly heading: string;
}

export interface Draft {
  readonly patroni: Section<PatroniInput>;
  readonly vips: readonly VipDraft[];
  readonly findings: readonly Finding[];
}
