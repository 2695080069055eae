/**
 * Settings from several places as trees of the file's shape, and how they are laid over each other. Nothing is checked
 * here, so a tree may hold anything; each layer can say where a value of it was written.
 */
import { type Field, fields } from "./fields.js";
import { type Problem, unknownText } from "./problems.js";

export type Tree = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

export interface Layer {
  readonly tree: Tree;
  /** The file that it was read from. */
  readonly file?: string;
  /** Where the value at the path, which this layer has, was written. */
  where(path: Path): string;
}

/** A text for a setting, as typed after `--router-id` or set in `PGVIP_ROUTER_ID`. */
interface TextSetting {
  readonly field: Field;
  readonly text: string;
  readonly source: string;
}

/** What flags say: texts by the flag's name without dashes in front (`router-id`). */
export function flagLayer(flags: Readonly<Record<string, string>>): Layer {
  return textLayer(
    fields().flatMap((field) => {
      const text = field.flag === null ? undefined : flags[field.flag];
      return text === undefined ? [] : [{ field, text, source: `--${field.flag ?? ""}` }];
    }),
  );
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Says which file to read; it is no setting of the file itself. */
export const CONFIG_VARIABLE = "PGVIP_CONFIG";

/** Where node-gyp-build looks for the addon instead of beside the package: not ours to read, nor a mistake. */
const ADDON_VARIABLE = "PGVIP_PREBUILD";

/** What PGVIP_* variables say. An empty one counts as not set, as it does for most programs. */
export function environmentLayer(environment: Environment): Layer {
  return textLayer(
    fields().flatMap((field) => {
      const text = environment[field.variable];
      return text === undefined || text === "" ? [] : [{ field, text, source: field.variable }];
    }),
  );
}

/** What a hook is told; it may call pgvip. */
const EVENT_VARIABLE = /^PGVIP_EVENT(_|$)/;

/** PGVIP_* variables that say nothing to pgvip: most likely misspelt. */
export function unknownVariables(environment: Environment): readonly Problem[] {
  const known = [CONFIG_VARIABLE, ...fields().map(({ variable }) => variable)];
  return Object.keys(environment)
    .filter((name) => name.startsWith("PGVIP_") && name !== ADDON_VARIABLE && !EVENT_VARIABLE.test(name))
    .filter((name) => !known.includes(name))
    .map((name) => ({ where: name, path: "", text: unknownText(name, known) }));
}

function textLayer(settings: readonly TextSetting[]): Layer {
  const section = (wanted: Field["section"]): Tree =>
    Object.fromEntries(
      settings
        .filter(({ field }) => field.section === wanted)
        .map(({ field, text }) => [field.key, valueOf(field, text)]),
    );
  const [patroni, vip] = [section("patroni"), section("vips")];
  return {
    tree: {
      ...section("agent"),
      ...(isEmpty(patroni) ? {} : { patroni }),
      ...(isEmpty(vip) ? {} : { vips: [vip] }),
    },
    where: (path) => {
      const written = settings.filter(({ field }) => isInside(field, path));
      return written.map(({ source }) => source).join(", ");
    },
  };
}

/** Whether the path is that of the field, of something in it, or of the section that it is in. */
function isInside({ section, key }: Field, path: Path): boolean {
  const [first, second, third] = path;
  if (section === "agent") return first === key;
  if (first !== section) return false;
  const inSection = section === "patroni" ? second : third;
  return inSection === undefined || inSection === key;
}

/** What cannot be read as the wanted kind stays a text, and is refused by the schema with its message. */
function valueOf({ kind }: Field, text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text.split(",").map((part) => part.trim());
  }
}

/** Lays the first layer over the second one, and so on. */
export function merge(layers: readonly Layer[]): { readonly tree: Tree; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const tree = layers.reduceRight<Tree>((below, above) => {
    const { patroni, clusters, vips, ...agent } = above.tree;
    const merged: Record<string, unknown> = { ...below, ...agent };
    if (patroni !== undefined) merged["patroni"] = over(patroni, below["patroni"]);
    if (clusters !== undefined) merged["clusters"] = overEach(clusters, below["clusters"]);
    if (vips !== undefined) {
      const several = Array.isArray(below["vips"]) && below["vips"].length > 1 ? below["vips"].length : null;
      if (several === null) merged["vips"] = overVips(vips, below["vips"]);
      else problems.push({ where: above.where(["vips"]), path: "", text: severalText(several) });
    }
    return merged;
  }, {});
  return { tree, problems };
}

function severalText(count: number): string {
  return `describes one VIP, but the file has ${String(count)} entries in vips; wanted these settings in the file`;
}

function overVips(above: unknown, below: unknown): unknown {
  if (below === undefined) return above;
  if (!Array.isArray(above) || !Array.isArray(below)) return below;
  return [over(above[0], below[0])];
}

function overEach(above: unknown, below: unknown): unknown {
  if (!isTree(above) || !isTree(below)) return below ?? above;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...names].map((name) => [name, name in above ? over(above[name], below[name]) : below[name]]),
  );
}

/** Key by key where both are mappings. Something else below is left for the schema to refuse. */
function over(above: unknown, below: unknown): unknown {
  if (below === undefined) return above;
  return isTree(above) && isTree(below) ? { ...below, ...above } : below;
}

/** Where the value at the path comes from: the first layer that has it, or else its next parent that somebody wrote. */
export function whereOf(layers: readonly Layer[], path: Path): string | null {
  for (let length = path.length; length > 0; length -= 1) {
    const part = path.slice(0, length);
    const layer = layers.find(({ tree }) => valueAt(tree, part) !== undefined);
    if (layer !== undefined) return layer.where(part);
  }
  return null;
}

export function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value) && typeof key === "number") return value[key];
    return isTree(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
  }, tree);
}

/** Where each way to a Patroni is described: the section `patroni`, and each of `clusters`. */
export function clusterPaths(tree: Tree): readonly Path[] {
  const clusters = valueAt(tree, ["clusters"]);
  return [["patroni"], ...(isTree(clusters) ? Object.keys(clusters) : []).map((name) => ["clusters", name])];
}

/** A setting of one of `clusters` is what it is in `patroni`. */
export function asInPatroni(path: Path): Path {
  return path[0] === "clusters" && path.length > 2 ? ["patroni", ...path.slice(2)] : path;
}

/** `vips[0].router_id`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${String(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(tree: Tree): boolean {
  return Object.keys(tree).length === 0;
}
