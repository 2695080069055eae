/**
 * Writes the history. It is a convenience: a disk that is full, read-only or hangs is told once in the log, and never keeps
 * the agent from anything.
 */
import { appendFile, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Report } from "../core/types.js";
import type { HistoryEntry } from "../history.js";
import type { Logger } from "../log.js";
import { type Decision, takeOverSpans } from "./group-log.js";

/** A thousand entries or more; then the older half goes. */
const MAX_BYTES = 256 * 1024;
/** Entries that wait for the disk; if it hangs, newer ones are lost. */
const MAX_WAITING = 1_000;
/** An alarm that goes on is told again and again; here once an hour is enough. */
const ALARM_INTERVAL_MS = 3_600_000;

export const HISTORY_NAME = "history.jsonl";

export interface HistoryLimits {
  readonly bytes: number;
  readonly waiting: number;
}

export class HistoryFile {
  readonly #file: string;
  readonly #log: Logger;
  readonly #limits: HistoryLimits;
  /** The decision that the next take-over of a group carries out. */
  readonly #decisions = new Map<string, Decision>();
  /** When an alarm of a group was last written (wall clock). */
  readonly #alarms = new Map<string, number>();
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;
  #complained = false;

  constructor(directory: string, log: Logger, limits: HistoryLimits = { bytes: MAX_BYTES, waiting: MAX_WAITING }) {
    this.#file = path.join(directory, HISTORY_NAME);
    this.#log = log;
    this.#limits = limits;
  }

  note(group: string, report: Report): void {
    const nowMs = Date.now();
    const entry = this.#entryOf({ at: new Date(nowMs).toISOString(), group }, report);
    if (entry === null || (entry.kind === "alarm" && this.#isRepeated(entry, nowMs))) return;
    if (this.#waiting.length >= this.#limits.waiting) {
      this.#complain(`${String(this.#waiting.length)} entries wait for it`);
      return;
    }
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when everything so far is written, or was given up. */
  async flushed(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  #entryOf(start: { readonly at: string; readonly group: string }, report: Report): HistoryEntry | null {
    switch (report.kind) {
      case "transition": {
        const { kind, from, to, reason, text } = report;
        this.#decisions.set(start.group, report);
        return { ...start, kind, from, to, reason, text };
      }
      case "tookOver": {
        // Without a decision it was put back, or renewed with other settings.
        const decision = this.#decisions.get(start.group);
        this.#decisions.delete(start.group);
        if (decision === undefined) return null;
        return { ...start, kind: report.kind, ...takeOverSpans(decision, report.times) };
      }
      case "notice":
      case "alarm":
        return { ...start, kind: report.kind, reason: report.reason, text: report.text };
    }
  }

  #isRepeated({ group, reason }: HistoryEntry & { readonly kind: "notice" | "alarm" }, nowMs: number): boolean {
    const key = `${group} ${reason}`;
    const lastMs = this.#alarms.get(key);
    if (lastMs !== undefined && nowMs - lastMs < ALARM_INTERVAL_MS) return true;
    this.#alarms.set(key, nowMs);
    return false;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.join("");
      this.#waiting = [];
      try {
        await mkdir(path.dirname(this.#file), { recursive: true });
        await appendFile(this.#file, lines);
        await this.#rotate();
        this.#complained = false;
      } catch (error) {
        this.#complain(error instanceof Error ? error.message : String(error));
      }
    }
    this.#writing = null;
  }

  /** The newer half moves into the file's place, so that a reader never finds it missing or half written. */
  async #rotate(): Promise<void> {
    if ((await stat(this.#file)).size <= this.#limits.bytes) return;
    const text = await readFile(this.#file, "utf8");
    const rest = text.slice(text.indexOf("\n", text.length - this.#limits.bytes / 2) + 1);
    await writeFile(`${this.#file}.new`, rest);
    await rename(`${this.#file}.new`, this.#file);
  }

  #complain(text: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#log.warn({ event: "history" }, `history is not written to ${this.#file}: ${text}`);
  }
}
