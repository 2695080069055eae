/**
 * From flags, environment and files to one `Config`, or to the list of all that is wrong.
 *
 * Precedence: flags, environment, file, Patroni's own file, defaults.
 */
import { accessSync, constants, readFileSync } from "node:fs";
import * as v from "valibot";
import { type Config, configOf } from "./config.js";
import {
  CONFIG_VARIABLE,
  type Environment,
  type Layer,
  environmentLayer,
  flagLayer,
  merge,
  unknownVariables,
  valueAt,
} from "./layers.js";
import { patroniLayer } from "./patroni-yml.js";
import { ConfigError, type Problem } from "./problems.js";
import { type PatroniSettings, schema } from "./schema.js";
import { problemsOf } from "./validate.js";
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
    ...problemsOf(result.issues ?? [], tree, layers, { incomplete: unreadableSources.length > 0, unreadable }),
  ];
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return configOf(result.output, passwordOf(result.output.patroni));
}

/**
 * The control socket alone, for commands that ask a running agent: they should work although the rest of the
 * configuration is wrong, or is not theirs to read.
 */
export async function loadSocketPath(sources: Sources): Promise<string> {
  const { layers } = await readLayers(sources);
  const socket = v.safeParse(schema.entries.socket, valueAt(merge(layers).tree, ["socket"]));
  if (!socket.success)
    throw new ConfigError([{ where: null, path: "socket", text: `wanted ${socket.issues[0].message}` }]);
  return socket.output;
}

interface Layers {
  readonly layers: readonly Layer[];
  readonly problems: readonly Problem[];
}

async function readLayers(sources: Sources): Promise<Layers> {
  const above = [flagLayer(sources.flags), environmentLayer(sources.environment)];
  const own = await readOwnFile(sources);
  const layers = [...above, ...own.layers];

  const patroniFile = valueAt(merge(layers).tree, ["patroni", "config"]);
  if (typeof patroniFile !== "string" || !patroniFile.startsWith("/")) return { layers, problems: own.problems };
  const patroni = await readYamlFile(patroniFile);
  return patroni.ok
    ? { layers: [...layers, patroniLayer(patroni.layer)], problems: own.problems }
    : { layers, problems: [...own.problems, ...patroni.problems] };
}

async function readOwnFile({ file, environment, defaultFile = DEFAULT_FILE }: Sources): Promise<Layers> {
  const variable = environment[CONFIG_VARIABLE];
  const named = file ?? (variable === "" ? undefined : variable);
  const read = await readYamlFile(named ?? defaultFile);
  if (read.ok) return { layers: [read.layer], problems: [] };
  const mayBeMissing = named === undefined && read.missing;
  return { layers: [], problems: mayBeMissing ? [] : read.problems };
}

function unreadable(file: string): string | null {
  try {
    accessSync(file, constants.R_OK);
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  }
}

/** The file was found readable before. */
function passwordOf({ password, password_file }: PatroniSettings): string | null {
  if (password_file === undefined) return password ?? null;
  const [line = ""] = readFileSync(password_file, "utf8").split(/\r?\n/);
  return line;
}
