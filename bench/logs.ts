/** What agents and Patroni logged during one round: kept beside the results, so that an outlier can be explained. */
import { closeSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import type { Host } from "../lab/host.js";
import type { TakeOver } from "./results.js";

export interface RoundLog {
  readonly node: string;
  /** Of the file: `pgvip.log`, `patroni.log`, `keepalived.log`. */
  readonly name: string;
  readonly text: string;
}

/** A fail-over begins with the fault and ends with calm; the middle of a longer log repeats itself. */
const keptBytes = 32 * 1024;

/** Remembers how long each log was when a round began. */
export class RoundLogs {
  readonly #nodes: readonly Host[];
  readonly #began: ReadonlyMap<string, number>;

  constructor(nodes: readonly Host[]) {
    this.#nodes = nodes;
    this.#began = new Map(nodes.flatMap(logFiles).map(({ path }) => [path, statSync(path).size]));
  }

  /** What has been written since; the systems of earlier turns have left logs that stay as they are. */
  read(): readonly RoundLog[] {
    const since = (path: string): string => readFrom(path, this.#began.get(path) ?? 0);
    return this.#nodes
      .flatMap((node) => logFiles(node).map(({ name, path }) => ({ node: node.name, name, text: since(path) })))
      .filter(({ text }) => text !== "");
  }
}

/** One directory for a round, one file for each log. */
export function saveLogs(directory: string, logs: readonly RoundLog[]): void {
  mkdirSync(directory, { recursive: true });
  for (const { node, name, text } of logs) writeFileSync(`${directory}/${node}.${name}`, abridged(text));
}

/** Beginning and end of a text that is longer than both together. */
export function abridged(text: string): string {
  const leftOut = text.length - 2 * keptBytes;
  if (leftOut <= 0) return text;
  return `${text.slice(0, keptBytes)}\n[${leftOut} characters left out]\n${text.slice(-keptBytes)}`;
}

const takeOverLine = v.object({
  event: v.literal("tookOver"),
  time: v.pipe(
    v.string(),
    v.transform((text) => Date.parse(text)),
    v.number(),
  ),
  detectMs: v.nullable(v.number()),
  decideMs: v.nullable(v.number()),
  addressMs: v.nullable(v.number()),
  announceMs: v.nullable(v.number()),
});

/**
 * What pgvip says of the first time that it took the VIP in a round; `null` when it took none, or is not what ran.
 * `breakWallMs`: the fault, as Date.now() tells it.
 */
export function takeOverIn(logs: readonly RoundLog[], breakWallMs: number): TakeOver | null {
  const found = logs
    .filter(({ name }) => name === "pgvip.log")
    .flatMap(({ node, text }) => text.split("\n").flatMap((line) => parseTakeOver(node, line, breakWallMs) ?? []));
  return found.sort((a, b) => a.atMs - b.atMs)[0] ?? null;
}

function parseTakeOver(node: string, line: string, breakWallMs: number): TakeOver | null {
  const parsed = v.safeParse(takeOverLine, asJson(line));
  if (!parsed.success) return null;
  const { time, detectMs, decideMs, addressMs, announceMs } = parsed.output;
  return { node, atMs: Math.round(time - breakWallMs), detectMs, decideMs, addressMs, announceMs };
}

/** A process that was killed may leave half a line; that is no take-over. */
function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function logFiles({ directory }: Host): { name: string; path: string }[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(".log"));
  return names.map((name) => ({ name, path: `${directory}/${name}` }));
}

function readFrom(path: string, offset: number): string {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, statSync(path).size - offset));
    const length = readSync(fd, bytes, 0, bytes.length, offset);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(fd);
  }
}
