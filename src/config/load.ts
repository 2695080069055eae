/**
 * From flags, environment and files to one `Config`, or to the list of all that is wrong.
 *
 * Precedence: flags, environment, file, Patroni's own file, defaults.
 */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import * as v from "valibot";
import { type Config, type PatroniConfig, type Secrets, configOf, defaultFifo, patroniOf } from "./config.js";
import {
  CONFIG_VARIABLE,
  type Environment,
  type Layer,
  type Path,
  type Tree,
  clusterPaths,
  environmentLayer,
  flagLayer,
  merge,
  unknownVariables,
  valueAt,
} from "./layers.js";
import { patroniLayer } from "./patroni-yml.js";
import { ConfigError, type Problem } from "./problems.js";
import { type Settings, schema } from "./schema.js";
import { problemsOf } from "./validate.js";
import { keyBytes } from "./values.js";
import { readYamlFile } from "./yaml-file.js";

export const DEFAULT_FILE = "/etc/pgvip/pgvip.yml";

export interface Sources {
  /** Texts by the flag's name without dashes in front: `{ "router-id": "50" }`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly environment: Environment;
  /** `--config`; `null` = PGVIP_CONFIG, or else the default file if there is one. */
  readonly file: string | null;
  readonly defaultFile?: string;
}

/** Reads all sources. Throws a `ConfigError` with every problem found. */
export async function loadConfig(sources: Sources): Promise<Config> {
  const { layers, problems: unreadableSources } = await readLayers(sources);
  const { tree, problems: mixing } = merge(layers);
  const result = v.safeParse(schema, tree, { abortPipeEarly: true });
  const problems = [
    ...unknownVariables(sources.environment),
    ...unreadableSources,
    ...mixing,
    ...problemsOf(result.issues ?? [], tree, layers, {
      incomplete: unreadableSources.length > 0,
      unreadable,
      firstLine,
      exposed,
    }),
  ];
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return configOf(result.output, secretsOf(result.output));
}

/**
 * The control socket alone, for commands that ask a running agent: they should work although the rest of the
 * configuration is wrong, or is not theirs to read.
 */
export function loadSocketPath(sources: Sources): Promise<string> {
  return loadOne(sources, "socket");
}

/** The same for what the agent keeps on disk. */
export function loadStateDirectory(sources: Sources): Promise<string> {
  return loadOne(sources, "state_directory");
}

/** The same for where the agent takes hints. */
export async function loadFifoPath(sources: Sources): Promise<string> {
  const { layers } = await readLayers(sources);
  const given = valueAt(merge(layers).tree, ["notify_fifo"]);
  return typeof given === "string" ? given : defaultFifo(await loadSocketPath(sources));
}

/**
 * The way to Patroni for commands that only look at it: without credentials, which no question needs. With several clusters
 * it is the one of the first VIP.
 */
export async function loadPatroni(sources: Sources): Promise<PatroniConfig> {
  const { layers, problems } = await readLayers(sources);
  const { tree } = merge(layers);
  const cluster = valueAt(tree, ["vips", 0, "cluster"]);
  const section = typeof cluster === "string" ? ["clusters", cluster] : ["patroni"];
  const read = v.safeParse(schema.entries.patroni, valueAt(tree, section) ?? {});
  if (read.success && problems.length === 0) return patroniOf(read.output, null);
  const wrong = (read.issues ?? []).map((issue) => ({
    where: null,
    path: [...section, v.getDotPath(issue)].filter((part) => part !== null).join("."),
    text: `wanted ${issue.message}`,
  }));
  throw new ConfigError([...problems, ...wrong]);
}

async function loadOne(sources: Sources, key: "socket" | "state_directory"): Promise<string> {
  const { layers, absent } = await readLayers(sources);
  if (absent.length > 0) throw new ConfigError(absent);
  const read = v.safeParse(schema.entries[key], valueAt(merge(layers).tree, [key]));
  if (read.success) return read.output;
  throw new ConfigError([{ where: null, path: key, text: `wanted ${read.issues[0].message}` }]);
}

export interface Layers {
  readonly layers: readonly Layer[];
  readonly problems: readonly Problem[];
  /** Those of them that a file is not there which was named: that is a slip, whatever is wanted of it. */
  readonly absent: readonly Problem[];
}

export async function readLayers(sources: Sources): Promise<Layers> {
  const above = [flagLayer(sources.flags), environmentLayer(sources.environment)];
  const own = await readOwnFile(sources);
  const layers = [...above, ...own.layers];
  const { tree } = merge(layers);
  const read = await Promise.all(clusterPaths(tree).map((section) => readPatroniFile(tree, section)));
  return {
    layers: [...layers, ...read.flatMap((one) => one.layers)],
    problems: [...own.problems, ...read.flatMap((one) => one.problems)],
    absent: own.absent,
  };
}

async function readPatroniFile(tree: Tree, section: Path): Promise<Omit<Layers, "absent">> {
  const file = valueAt(tree, [...section, "config"]);
  if (typeof file !== "string" || !file.startsWith("/")) return { layers: [], problems: [] };
  const read = await readYamlFile(file);
  return read.ok
    ? { layers: [patroniLayer(read.layer, section)], problems: [] }
    : { layers: [], problems: read.problems };
}

async function readOwnFile({ file, environment, defaultFile = DEFAULT_FILE }: Sources): Promise<Layers> {
  const variable = environment[CONFIG_VARIABLE];
  const named = file ?? (variable === "" ? undefined : variable);
  const read = await readYamlFile(named ?? defaultFile);
  if (read.ok) return { layers: [read.layer], problems: [], absent: [] };
  const problems = named === undefined && read.missing ? [] : read.problems;
  return { layers: [], problems, absent: read.missing ? problems : [] };
}

function unreadable(file: string): string | null {
  try {
    accessSync(file, constants.R_OK);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  }
}

/** The files were found readable before. */
function secretsOf({ patroni, clusters, vips }: Settings): Secrets {
  const secret = (text: string | undefined, file: string | undefined): string | null =>
    file === undefined ? (text ?? null) : firstLine(file);
  return {
    patroni: secret(patroni.password, patroni.password_file),
    clusters: new Map(
      Object.entries(clusters).map(([name, { password, password_file }]) => [name, secret(password, password_file)]),
    ),
    vips: vips.map(({ auth_pass, auth_pass_file, auth_keys = [] }) => ({
      password: secret(auth_pass, auth_pass_file),
      keys: auth_keys.flatMap(({ id, value }) => {
        const bytes = value.kind === "inline" ? value.bytes : keyBytes(firstLine(value.path));
        return bytes === null ? [] : [{ id, bytes }];
      }),
    })),
  };
}

const READABLE_BY_OTHERS = 0o004;

/** The file was found readable before. */
function exposed(file: string): string | null {
  const { mode } = statSync(file);
  return (mode & READABLE_BY_OTHERS) === 0 ? null : (mode & 0o7777).toString(8).padStart(4, "0");
}

function firstLine(file: string): string {
  const [line = ""] = readFileSync(file, "utf8").split(/\r?\n/);
  return line;
}
