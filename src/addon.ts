/**
 * The native addon: the one place that loads the `.node` file and gives it types. Only shell/native-*.ts may import it.
 *
 * Its events are believed to be what their types say, and not parsed: they come from code of this very package, hundreds a
 * second. The native tests hold each event that they see against the types (test/native/event-shape.ts).
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { PgvipError } from "./errors.js";
import type { NetworkEvent, NetworkOrder } from "./ports/network.js";

/** The thread that owns every socket (native/io_thread.h). */
export interface Engine {
  /** Queues orders. Throws a TypeError when one is malformed, and then queues none. */
  execute(orders: readonly NetworkOrder[]): void;
  heardAtMs(ifIndex: number, routerId: number, source: string): number | null;
  /** Idempotent. */
  close(): void;
  /** Whether the thread got real-time priority (SCHED_FIFO). */
  readonly realtime: boolean;
}

interface Addon {
  readonly Engine: new (onEvents: (events: readonly NetworkEvent[]) => void) => Engine;
  readonly notifySystemd: (message: string) => boolean;
  readonly napiVersion: number;
}

const root = fileURLToPath(new URL("..", import.meta.url));

let loaded: Addon | null = null;

/** Starts the network thread. */
export function openEngine(onEvents: (events: readonly NetworkEvent[]) => void): Engine {
  return new (load().Engine)(onEvents);
}

/** Sends a message to systemd; false when the process was not started by it. */
export function notifySystemd(message: string): boolean {
  return load().notifySystemd(message);
}

/** Version of Node-API that the addon was built for. */
export function napiVersion(): number {
  return load().napiVersion;
}

function load(): Addon {
  loaded ??= requireAddon();
  return loaded;
}

function requireAddon(): Addon {
  try {
    const find: unknown = createRequire(import.meta.url)("node-gyp-build");
    const addon: unknown = typeof find === "function" ? Reflect.apply(find, undefined, [root]) : null;
    if (isAddon(addon)) return addon;
  } catch (cause) {
    throw new PgvipError("ADDON", `${missing} (${cause instanceof Error ? firstLine(cause.message) : String(cause)})`, {
      cause,
    });
  }
  throw new PgvipError("ADDON", `the native addon is of another version of pgvip: run npm rebuild pgvip`);
}

const missing =
  `no native addon for ${process.platform}-${process.arch}: ` +
  "pgvip runs on Linux; install python3, make and g++, then run npm rebuild pgvip";

function isAddon(value: unknown): value is Addon {
  return typeof value === "object" && value !== null && "Engine" in value && "notifySystemd" in value;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
