/**
 * The configuration fit to be shown to strangers: what each setting says and where it was written, without secrets. Works by
 * the schema: a value is shown only because its setting is known and no secret, so that what nobody thought of stays out.
 */
import { readFileSync } from "node:fs";
import { SECRETS, fields } from "./fields.js";
import { type Path, asInPatroni, isTree, merge, pathText, whereOf } from "./layers.js";
import { type Sources, loadConfig, readLayers } from "./load.js";
import { ConfigError, type Problem } from "./problems.js";

export interface ShownConfig {
  /** One setting a line: name, value, where it was written. */
  readonly settings: readonly string[];
  /** What is wrong, without what was found; empty when the configuration is valid. */
  readonly problems: readonly string[];
  /** Texts that must not turn up in anything else that is shown. */
  readonly secrets: readonly string[];
}

const NOT_SHOWN = "(set, not shown)";
/** Shorter texts turn up everywhere, and are no secret that could be kept. */
const LEAST_SECRET = 4;

export async function shownConfig(sources: Sources): Promise<ShownConfig> {
  const { layers } = await readLayers(sources);
  const { tree } = merge(layers);
  const leaves = leavesOf(tree, []);
  const settings = leaves.map(({ path, value }) => {
    return `${nameOf(path)} = ${shown(path, value)}    ${whereOf(layers, path) ?? ""}`.trimEnd();
  });
  const problems = await problemsOf(sources);
  // A layer that lies below another is not shown, but its secrets are secrets too.
  const everywhere = layers.flatMap((layer) => leavesOf(layer.tree, []));
  const secrets = everywhere.flatMap(({ path, value }) => secretsIn(path, value));
  return { settings, problems, secrets: [...new Set(secrets)].filter(({ length }) => length >= LEAST_SECRET) };
}

/** Takes secrets out of any text: those that are known, and what looks like one. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  // The longest first: one may be part of another.
  const known = [...secrets].sort((a, b) => b.length - a.length);
  const cleared = known.reduce((left, secret) => left.replaceAll(secret, "(secret)"), text);
  return cleared
    .replaceAll(/-----BEGIN [^-]*-----[^]*?(-----END [^-]*-----|$)/g, "(secret)")
    .replaceAll(/(:\/\/)[^/\s"']*@/g, "$1(secret)@")
    .replaceAll(/\b(authorization["']?: *["']?(?:\w+ +)?|bearer +)[\w+/=.~-]{8,}/gi, "$1(secret)")
    .replaceAll(
      /\b(pass(?:word|wd|phrase)?|secret|token|api_?key)(["']?\s*[=:]\s*["']?)[^\s"',;&(]+/gi,
      "$1$2(secret)",
    );
}

interface Leaf {
  readonly path: Path;
  readonly value: unknown;
}

/** Settings and whatever stands in their place; what is inside of a setting belongs to it. */
function leavesOf(value: unknown, path: Path): readonly Leaf[] {
  const isSection = path.length === 0 || isCluster(path) || isVips(path);
  if (isSection && isTree(value))
    return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  if (isSection && Array.isArray(value)) return value.flatMap((inner, index) => leavesOf(inner, [...path, index]));
  return [{ path, value }];
}

/** `patroni`, `clusters`, and one of these. */
function isCluster([first, second, third]: Path): boolean {
  return second === undefined
    ? first === "patroni" || first === "clusters"
    : first === "clusters" && third === undefined;
}

/** The list of VIPs, and an entry of it. */
function isVips([first, second, third]: Path): boolean {
  return first === "vips" && third === undefined && (second === undefined || typeof second === "number");
}

function fieldPath(path: Path): string {
  return pathText(asInPatroni(path)).replace(/\[\d+\]/, "[]");
}

function isKnown(path: Path): boolean {
  return fields().some((field) => field.path === fieldPath(path));
}

/** A misspelt name helps to find the mistake; what does not look like a name may be anything. */
function nameOf(path: Path): string {
  const isName = path.every((part, index) => {
    if (index === 1 && path[0] === "clusters") return /^[\w.-]{1,64}$/.test(String(part));
    return typeof part === "number" || /^[a-z][a-z_-]{0,30}$/i.test(part);
  });
  return isName ? pathText(path) : "(not a name)";
}

function shown(path: Path, value: unknown): string {
  if (SECRETS.has(fieldPath(path))) return NOT_SHOWN;
  if (!isKnown(path)) return "(no setting of pgvip, not shown)";
  if (isHook(path)) {
    const [program, ...args] = wordsOf(value);
    return `${program ?? "(empty)"}${args.length === 0 ? "" : ` (and ${String(args.length)} arguments, not shown)`}`;
  }
  const texts = (Array.isArray(value) ? value : [value]).map((one: unknown) => scalarText(one));
  return texts.join(", ");
}

function scalarText(value: unknown): string {
  if (typeof value === "string") return withoutSecrets(value, []);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "(empty)" : "(neither a text nor a number, not shown)";
}

/** Arguments of a program may be anything, such as the token of a pager. */
function isHook(path: Path): boolean {
  return path.length === 1 && /^on_(acquire|release|fault)$/.test(String(path[0]));
}

function wordsOf(value: unknown): readonly string[] {
  const words: readonly unknown[] = Array.isArray(value) ? value : String(value).split(/\s+/);
  return words.map((word) => (typeof word === "string" ? word : JSON.stringify(word)));
}

function secretsIn(path: Path, value: unknown): readonly string[] {
  const field = fieldPath(path);
  if (field === "patroni.password_file" || field === "vips[].auth_pass_file") return firstLine(value).split(/\s+/);
  if (field === "vips[].auth_keys") return textsIn(value).flatMap(keysIn);
  if (isHook(path)) return wordsOf(value).slice(1);
  if (SECRETS.has(field) || !isKnown(path)) return textsIn(value);
  return textsIn(value).flatMap((text) => {
    const [, user = "", password = ""] = /:\/\/([^/\s:@]*):?([^/\s]*)@/.exec(text) ?? [];
    return [user, password].filter((part) => part !== "");
  });
}

function textsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((inner) => textsIn(inner));
  if (isTree(value)) return Object.values(value).flatMap((inner) => textsIn(inner));
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}

/** `1=KEY`, `1=hex:KEY` or `1=file:PATH`: what is secret in it, which is one text even with blanks in it. */
function keysIn(text: string): readonly string[] {
  const key = text.replace(/^\d+=/, "");
  const [, file] = /^file:(.*)$/.exec(key) ?? [];
  return [(file === undefined ? key : firstLine(file)).replace(/^hex:/, "")];
}

function firstLine(file: unknown): string {
  try {
    return typeof file === "string" ? (readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "") : "";
  } catch {
    // Not ours to read: then it can turn up in nothing that we gather.
    return "";
  }
}

async function problemsOf(sources: Sources): Promise<readonly string[]> {
  try {
    await loadConfig(sources);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(problemWithoutValue);
  }
}

/** Where and what is wrong; what was found there is quoted in the message, and left out. */
function problemWithoutValue({ where, path, text }: Problem): string {
  const plain = text.replace(/^is not YAML.*/s, "is not YAML").replaceAll(/"(?:[^"\\]|\\.)*(?:"|$)/g, "(...)");
  const setting = /^[\w.[\]-]*$/.test(path) ? path : "(not a name)";
  return [where, setting, plain].filter((part) => part !== null && part !== "").join(": ");
}
