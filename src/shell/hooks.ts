/**
 * Runs an operator's programs when this node has taken a VIP, has let it go, or cannot have it. They learn of it and have
 * no say: they run beside the agent, one after the other in the order of the events, each only for so long.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { HookConfig, Program } from "../config/config.js";
import type { Report } from "../core/types.js";
import { PgvipError } from "../errors.js";
import type { Logger } from "../log.js";
import { type User, findUser } from "./name-service.js";
import { runLikeOthers } from "../scheduling.js";

/** What a program gets as JSON on its standard input, and as PGVIP_EVENT_* in its environment. */
export interface HookEvent {
  readonly event: "acquire" | "release" | "fault";
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly group: string;
  /** Without prefix length. */
  readonly vips: readonly string[];
  /** starting, standby, holder, lameDuck, fault, stopped. */
  readonly state: string;
  /** Reason code of the transition, and the same in a sentence. */
  readonly reason: string;
  readonly text: string;
}

/** Events that wait at most; programs that take so long that more wait lose the newest. */
const MAX_WAITING = 32;
/** What is logged of a program's errors. */
const MAX_ERROR_TEXT = 500;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

type Transition = Report & { readonly kind: "transition" };

/** The user that hooks run as; `null` = the agent's own. Throws a PgvipError (CONFIG). */
export function hookUser({ user }: HookConfig): User | null {
  if (user === null) return null;
  const found = findUser(user);
  if (found === null) throw new PgvipError("CONFIG", `hook_user is ${user}; wanted a user of this host`);
  return found;
}

export class Hooks {
  readonly #log: Logger;
  #config: HookConfig;
  #user: User | null;
  /** The last transition of each group, and whether its programs know that the VIP is here. */
  readonly #known = new Map<string, { readonly transition: Transition | null; readonly isHere: boolean }>();
  readonly #waiting: HookEvent[] = [];
  #running: Promise<void> | null = null;

  constructor(config: HookConfig, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#user = hookUser(config);
  }

  /** Other programs, from the next event on; checked by `hookUser` before. */
  configure(config: HookConfig): void {
    this.#config = config;
    this.#user = hookUser(config);
  }

  note(group: string, report: Report): void {
    const { transition, isHere } = this.#known.get(group) ?? { transition: null, isHere: false };
    if (report.kind === "transition") {
      const leaves = isHere && report.to !== "holder" && report.to !== "lameDuck" && report.reason !== "stop-keep";
      this.#known.set(group, { transition: report, isHere: isHere && !leaves });
      if (leaves) this.#tell("release", group, report);
      if (report.to === "fault") this.#tell("fault", group, report);
    } else if (report.kind === "tookOver" && transition !== null && !isHere) {
      this.#known.set(group, { transition, isHere: true });
      this.#tell("acquire", group, transition);
    }
  }

  /** Resolves when all programs have ended, or their time is over. */
  async finished(): Promise<void> {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, this.#config.timeoutMs).unref());
    await Promise.race([this.#running, limit]);
  }

  #tell(event: HookEvent["event"], group: string, { to, reason, text }: Transition): void {
    if (this.#config[event] === null) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#log.error({ event: "hook", group }, `on_${event} is not run: ${String(MAX_WAITING)} others wait already`);
      return;
    }
    const at = new Date().toISOString();
    this.#waiting.push({ event, at, group, vips: group.split(","), state: to, reason, text });
    this.#running ??= this.#runAll();
  }

  async #runAll(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      // What the agent has to do in this turn comes first: starting a process takes milliseconds.
      await new Promise((resolve) => setImmediate(resolve));
      const program = this.#config[event.event];
      if (program !== null) await this.#run(program, event);
    }
    this.#running = null;
  }

  async #run(program: Program, event: HookEvent): Promise<void> {
    const [file = "", ...args] = program;
    const { group } = event;
    const startedMs = performance.now();
    try {
      const outcome = await runProgram(file, args, event, this.#user, this.#config.timeoutMs);
      const forMs = Math.round(performance.now() - startedMs);
      const level = outcome.text === null ? "info" : "warn";
      const line = { event: "hook", group, hook: event.event, program: file, forMs };
      this.#log[level](line, `on_${event.event}: ${file} ${outcome.text ?? "was run"}${outcome.said}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#log.error({ event: "hook", group, hook: event.event, program: file }, `on_${event.event}: ${text}`);
    }
  }
}

interface Ending {
  /** What went wrong; `null` = nothing. */
  readonly text: string | null;
  readonly said: string;
}

/** Rejects when it cannot be started. */
async function runProgram(
  file: string,
  args: readonly string[],
  event: HookEvent,
  user: User | null,
  timeoutMs: number,
): Promise<Ending> {
  const child = spawn(file, args, {
    cwd: "/",
    env: environmentOf(event),
    stdio: ["pipe", "ignore", "pipe"],
    // A session of its own: what it started in turn is killed with it.
    detached: true,
    ...user,
  });
  if (child.pid !== undefined) runLikeOthers(child.pid);
  const limit = AbortSignal.timeout(timeoutMs);
  const kill = (): void => {
    killAll(child);
  };
  limit.addEventListener("abort", kill);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(0, MAX_ERROR_TEXT)));
  // It need not read what it is told.
  child.stdin.on("error", () => undefined).end(`${JSON.stringify(event)}\n`);
  try {
    // Not "close": something that it left running may keep its output open.
    await once(child, "exit");
    const text = limit.aborted ? `was killed after ${String(timeoutMs)} ms` : endingOf(child);
    return { text, said: said === "" ? "" : `: ${said.trim()}` };
  } finally {
    limit.removeEventListener("abort", kill);
    child.stderr.destroy();
  }
}

function endingOf({ exitCode, signalCode }: ChildProcess): string | null {
  if (signalCode !== null) return `was ended by ${signalCode}`;
  return exitCode === 0 ? null : `ended with exit code ${String(exitCode)}`;
}

function killAll(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

/** Nothing of the agent's own environment, which may hold passwords. */
function environmentOf({ event, at, group, vips, state, reason, text }: HookEvent): Readonly<Record<string, string>> {
  return {
    PATH,
    PGVIP_EVENT: event,
    PGVIP_EVENT_AT: at,
    PGVIP_EVENT_GROUP: group,
    PGVIP_EVENT_VIPS: vips.join(" "),
    PGVIP_EVENT_STATE: state,
    PGVIP_EVENT_REASON: reason,
    PGVIP_EVENT_TEXT: text,
  };
}
