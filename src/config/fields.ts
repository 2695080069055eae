/**
 * The schema as a flat list: one entry for each setting, with its names in the file, as a flag and in the environment.
 *
 * The rule for names: `patroni.url` is `--patroni-url` and `PGVIP_PATRONI_URL`; settings of a VIP go without `vips`, as
 * `--router-id`, because flags and environment describe one group of VIPs. Only the address has another name: `--vip`.
 */
import * as v from "valibot";
import { patroni, schema, vip } from "./schema.js";

export type Section = "patroni" | "vips" | "agent";

/** How a text from a flag or the environment becomes a value of the file. */
export type Kind = "text" | "number" | "boolean" | "list";

export interface Field {
  readonly section: Section;
  readonly key: string;
  /** As in the file: `vips[].router_id`. */
  readonly path: string;
  /** `router-id`; `null` for what must not be seen in a list of processes, and for what means nothing without the file. */
  readonly flag: string | null;
  readonly variable: string;
  readonly placeholder: string;
  readonly about: string;
  /** As written in the file; `null` = none. */
  readonly preset: string | null;
  readonly kind: Kind;
}

type Entry =
  v.GenericSchema | v.OptionalSchema<v.GenericSchema, unknown> | v.ExactOptionalSchema<v.GenericSchema, undefined>;

/** Never shown, and never taken from the command line. */
export const SECRETS: ReadonlySet<string> = new Set(["patroni.password", "vips[].auth_pass", "vips[].auth_keys"]);

export function fields(): readonly Field[] {
  const agent = Object.entries(schema.entries).filter(([key]) => !["patroni", "clusters", "vips"].includes(key));
  return [
    ...fieldsOf("vips", "vips[].", vip.entries),
    ...fieldsOf("patroni", "patroni.", patroni.entries),
    ...fieldsOf("agent", "", Object.fromEntries(agent)),
  ];
}

function fieldsOf(section: Section, prefix: string, entries: Readonly<Record<string, Entry>>): readonly Field[] {
  return Object.entries(entries).map(([key, entry]) => {
    const inner = "wrapped" in entry ? entry.wrapped : entry;
    const { option, placeholder, onlyInFile } = v.getMetadata(inner);
    const name = (typeof option === "string" ? option : key).replaceAll("_", "-");
    const path = `${prefix}${key}`;
    const flag = section === "patroni" ? `patroni-${name}` : name;
    const fallback: unknown = "default" in entry ? entry.default : undefined;
    return {
      section,
      key,
      path,
      flag: SECRETS.has(path) || onlyInFile === true ? null : flag,
      variable: `PGVIP_${flag.replaceAll("-", "_").toUpperCase()}`,
      placeholder: typeof placeholder === "string" ? placeholder : "value",
      about: v.getDescription(inner) ?? "",
      preset: fallback === undefined ? null : textOf(fallback),
      kind: kindOf(inner),
    };
  });
}

/** The one part of the file that has no flags: what is inside is described by the fields of `patroni`. */
export function clustersRow(): { readonly placeholder: string; readonly about: string } {
  const { placeholder } = v.getMetadata(schema.entries.clusters.wrapped);
  return { placeholder: placeholder, about: v.getDescription(schema.entries.clusters.wrapped) ?? "" };
}

/** As people write it. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function kindOf({ type, ...rest }: v.GenericSchema): Kind {
  switch (type) {
    case "number":
    case "boolean":
      return type;
    case "array":
      return "list";
    case "union":
      return optionsIn(rest).some(isArraySchema) ? "list" : "text";
    case "picklist":
      return typeof optionsIn(rest)[0] === "number" ? "number" : "text";
    default:
      return "text";
  }
}

function optionsIn(schema: object): readonly unknown[] {
  return "options" in schema && Array.isArray(schema.options) ? schema.options : [];
}

function isArraySchema(option: unknown): boolean {
  return typeof option === "object" && option !== null && "type" in option && option.type === "array";
}
