/** Starts, stops and promotes the stand-in of PostgreSQL, and notices at once when it is gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { lineSplitter, parseLine } from "../json-lines.js";
import { labProgram } from "../process.js";
import { until } from "../wait.js";
import { controlSocket, type PostgresRole, roleMessage } from "./postgres-protocol.js";

export class PostgresControl {
  readonly #node: string;
  readonly #directory: string;
  #socket: Socket | null = null;
  #role: PostgresRole | null = null;

  constructor(node: string, directory: string) {
    this.#node = node;
    this.#directory = directory;
  }

  /** Role of the running server; `null` when none runs. */
  get role(): PostgresRole | null {
    return this.#role;
  }

  /** Finds a server that outlived an earlier Patroni, or starts one as a replica. */
  async start(): Promise<void> {
    if (await this.#attach()) return;
    const child = this.#spawn();
    await until("the stand-in of PostgreSQL starts", () => child.exitCode === null && this.#attach(), { everyMs: 5 });
  }

  /** Resolves when its port refuses. */
  async stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return;
    const gone = new Promise((resolve) => socket.once("close", resolve));
    try {
      process.kill(Number(readFileSync(`${this.#directory}/postmaster.pid`, "utf8")), "SIGTERM");
    } catch {
      // It ended by itself meanwhile.
    }
    await gone;
  }

  /** Resolves when the server says that it has the role. */
  async become(role: PostgresRole): Promise<void> {
    this.#socket?.write(JSON.stringify({ role }) + "\n");
    await until(`PostgreSQL becomes ${role}`, () => this.#role === role || this.#role === null, { everyMs: 1 });
  }

  #spawn(): ChildProcess {
    const [command, args] = labProgram("stand-in/postgres.ts", [this.#node, this.#directory]);
    // A session of its own: it must outlive Patroni.
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });
    child.unref();
    return child;
  }

  #attach(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(controlSocket(this.#directory));
      const learnRole = lineSplitter((line) => {
        this.#socket = socket;
        this.#role = parseLine(roleMessage, line).role;
        resolve(true);
      });
      socket.setEncoding("utf8").on("data", learnRole);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (this.#socket === socket) {
          this.#socket = null;
          this.#role = null;
        }
        resolve(false);
      });
    });
  }
}
