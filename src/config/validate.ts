/** Everything that is wrong with a tree of settings, in words, each with the place where somebody wrote it. */
import * as v from "valibot";
import { type Contradiction, type Parts, contradictions } from "./checks.js";
import { SECRETS } from "./fields.js";
import {
  type Layer,
  type Path,
  type Tree,
  asInPatroni,
  clusterPaths,
  isTree,
  pathText,
  valueAt,
  whereOf,
} from "./layers.js";
import { type Problem, show, unknownText } from "./problems.js";
import { CLUSTERS_WANTED, patroni, schema, vip } from "./schema.js";
import { AUTH_PASS_WANTED, KEY_WANTED, authPass, keyBytes } from "./values.js";

type Issue = v.InferIssue<typeof schema>;

interface Circumstances {
  /** A file of settings could not be read, so that a setting may only seem to be missing. */
  readonly incomplete: boolean;
  /** Why the agent cannot read a file (`ENOENT`); `null` when it can. */
  readonly unreadable: (file: string) => string | null;
  readonly firstLine: (file: string) => string;
  /** Mode of a file that everybody on this host may read (`0644`); `null` when not everybody may. */
  readonly exposed: (file: string) => string | null;
}

export function problemsOf(
  issues: readonly Issue[],
  tree: Tree,
  layers: readonly Layer[],
  { incomplete, ...files }: Circumstances,
): readonly Problem[] {
  const parts = partsOf(tree);
  const found = [
    ...unknownKeys(tree),
    ...listOfClusters(tree),
    ...issues.flatMap((issue) => wrongValue(issue, tree, incomplete)),
  ];
  return [...found, ...contradictions(parts), ...fileProblems(parts, files), ...keyProblems(parts, layers, files)].map(
    ({ path, text }) => ({
      where: whereOf(layers, path),
      path: pathText(path),
      text,
    }),
  );
}

/** valibot stops at the first unknown key; people want to see all of them. */
function unknownKeys(tree: Tree): readonly Contradiction[] {
  const vips = valueAt(tree, ["vips"]);
  return [
    ...unknownIn(tree, [], schema.entries),
    ...clusterPaths(tree).flatMap((path) => unknownIn(valueAt(tree, path), path, patroni.entries)),
    ...(Array.isArray(vips) ? vips : []).flatMap((entry, index) => unknownIn(entry, ["vips", index], vip.entries)),
  ];
}

/** To valibot a list is an object with the keys 0, 1, and so on. */
function listOfClusters({ clusters }: Tree): readonly Contradiction[] {
  if (!Array.isArray(clusters)) return [];
  return [{ path: ["clusters"], text: `is a list; wanted ${CLUSTERS_WANTED}` }];
}

function unknownIn(value: unknown, path: Path, entries: v.ObjectEntries): readonly Contradiction[] {
  if (!isTree(value)) return [];
  return Object.keys(value)
    .filter((key) => !Object.hasOwn(entries, key))
    .map((key) => ({ path: [...path, key], text: unknownText(key, Object.keys(entries)) }));
}

function wrongValue(issue: Issue, tree: Tree, incomplete: boolean): readonly Contradiction[] {
  const written = writtenPath(tree, (issue.path ?? []).map(({ key }) => key).filter(isPathKey));
  if (written[0] === "clusters" && Array.isArray(tree["clusters"])) return [];
  const value = valueAt(tree, written);
  if (value === undefined && incomplete) return [];
  if (issue.type !== "strict_object" && issue.path?.at(-1)?.origin === "key")
    return [{ path: written, text: `is no name; wanted ${issue.message}` }];
  if (issue.type !== "strict_object")
    return [{ path: written, text: `is ${shown(written, value)}; wanted ${issue.message}` }];
  // `expected` tells the three complaints of this schema apart.
  if (issue.expected === "never") return [];
  if (issue.expected === "Object") return [{ path: written, text: `is ${show(value)}; wanted a mapping of settings` }];
  return [{ path: written, text: "is missing; every VIP needs it" }];
}

/** One address may stand where a list is meant, and has no index then. */
function writtenPath(tree: Tree, path: Path): Path {
  const parent = path.slice(0, -1);
  return typeof path.at(-1) === "number" && !Array.isArray(valueAt(tree, parent)) ? parent : path;
}

function isPathKey(key: unknown): key is string | number {
  return typeof key === "string" || typeof key === "number";
}

/** Passwords are not repeated, neither their own setting nor inside a URL. */
function shown(path: Path, value: unknown): string {
  const name = pathText(asInPatroni(path)).replace(/\[\d+\]/, "[]");
  // A secret may be one of a list of secrets.
  if (SECRETS.has(name.replace(/\[\d+\]$/, ""))) return value === null ? "empty" : "something else";
  return name === "patroni.url" && typeof value === "string"
    ? show(value.replace(/^(.*\/\/)?.*@/, "$1***@"))
    : show(value);
}

function partsOf(tree: Tree): Parts {
  const vips = valueAt(tree, ["vips"]);
  const paths = clusterPaths(tree);
  return {
    patronis: paths.flatMap((path) => {
      const checked = v.safeParse(schema.entries.patroni, valueAt(tree, path));
      return checked.success ? [{ path, patroni: checked.output }] : [];
    }),
    clusterNames: paths.flatMap(([section, name]) => (section === "clusters" ? [String(name)] : [])),
    hasPatroni: valueAt(tree, ["patroni"]) !== undefined,
    vips: (Array.isArray(vips) ? vips : []).flatMap((entry, index) => {
      const checked = v.safeParse(vip, entry);
      return checked.success ? [{ index, vip: checked.output }] : [];
    }),
  };
}

type Files = Omit<Circumstances, "incomplete">;

/** A key is worth as much as the file that it is in. */
function keyProblems({ vips }: Parts, layers: readonly Layer[], files: Files): readonly Contradiction[] {
  const exposure = (file: string, what: string): readonly string[] => {
    const mode = files.exposed(file);
    if (mode === null) return [];
    return [`${what}, which everybody on this host may read (mode ${mode}); wanted a mode like 0600 or 0640`];
  };
  return vips.flatMap(({ index, vip: { auth_keys = [] } }) =>
    auth_keys.flatMap(({ id, value }, position) => {
      const path = ["vips", index, "auth_keys", position];
      const told = (text: string): Contradiction => ({ path, text });
      if (value.kind === "inline") {
        const file = layers.find(({ tree }) => valueAt(tree, path) !== undefined)?.file;
        return file === undefined ? [] : exposure(file, `has key ${String(id)} in ${file}`).map(told);
      }
      const shownPath = `has key ${String(id)} in ${value.path}`;
      const reason = files.unreadable(value.path);
      if (reason !== null) return [told(`${shownPath}, which cannot be read (${reason})`)];
      const isKey = keyBytes(files.firstLine(value.path)) !== null;
      const otherwise = isKey ? [] : [`${shownPath}, whose first line is something else; wanted ${KEY_WANTED}`];
      return [...otherwise, ...exposure(value.path, shownPath)].map(told);
    }),
  );
}

const FILES = ["password_file", "ca", "cert", "key"] as const;

function fileProblems({ patronis, vips }: Parts, { unreadable, firstLine }: Files): readonly Contradiction[] {
  const unreadableFile = (path: Path, file: string | undefined): readonly Contradiction[] => {
    const reason = file === undefined ? null : unreadable(file);
    return reason === null ? [] : [{ path, text: `is ${show(file)}, which cannot be read (${reason})` }];
  };
  const passwords = vips.flatMap(({ index, vip: { auth_pass_file: file } }) => {
    if (file === undefined) return [];
    const path = ["vips", index, "auth_pass_file"];
    const problems = unreadableFile(path, file);
    // What is in the file is a secret, also when it is wrong.
    if (problems.length > 0 || v.is(authPass, firstLine(file))) return problems;
    return [{ path, text: `is ${show(file)}, whose first line is something else; wanted ${AUTH_PASS_WANTED}` }];
  });
  const ofPatroni = patronis.flatMap(({ path, patroni: settings }) =>
    FILES.flatMap((key) => unreadableFile([...path, key], settings[key])),
  );
  return [...ofPatroni, ...passwords];
}
