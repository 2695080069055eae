/**
 * A client's session with a database server: opened by its first write, kept until it is closed or breaks.
 *
 * PostgreSQL's protocol comes from pg-protocol, the codec below the package pg. The whole client of pg would cost as much
 * processor time per connection as the network does, and hides when TCP is connected.
 */
import { connect, type Socket } from "node:net";
import { DatabaseError, parse, serialize } from "pg-protocol";
import { lineSplitter } from "../json-lines.js";
import { nowMs } from "../wait.js";

export interface WriteOutcome {
  readonly outcome: "written" | "readOnly" | "refused" | "failed";
  /** Who took the write. */
  readonly node: string | null;
  /** Error code, or nothing. */
  readonly detail: string;
}

export type OpenSession = (address: string, timeoutMs: number) => Session;

/** What the two sides say. */
interface Dialect {
  /** What the client says first; `null`: nothing, the server is ready at once. */
  readonly greeting: Uint8Array | null;
  readonly write: Uint8Array;
  /** Reads what the server says until the socket closes. */
  readonly listen: (socket: Socket, hear: (heard: "ready" | WriteOutcome) => void) => void;
}

export class Session {
  readonly #dialect: Dialect;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #ready = false;
  #waiting: ((outcome: WriteOutcome) => void) | null = null;
  /** Why there will be no more answers. */
  #broken: WriteOutcome | null = null;
  #connectedMs: number | null = null;

  constructor(dialect: Dialect, address: string, timeoutMs: number) {
    this.#dialect = dialect;
    this.#timeoutMs = timeoutMs;
    const socket = connect({ host: address, port: 5432, noDelay: true });
    this.#socket = socket;
    socket.on("connect", () => {
      this.#connectedMs = nowMs();
      if (dialect.greeting !== null) socket.write(dialect.greeting);
      else this.#hear("ready");
    });
    socket.on("error", (error) => this.#break("code" in error ? String(error.code) : error.message));
    socket.on("close", () => this.#break("closed"));
    dialect.listen(socket, (heard) => this.#hear(heard));
  }

  /** When TCP was connected; `null` before. */
  get connectedMs(): number | null {
    return this.#connectedMs;
  }

  /** Never rejects. One at a time. */
  write(): Promise<WriteOutcome> {
    if (this.#broken !== null) return Promise.resolve(this.#broken);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#break("timeout");
        this.#socket.destroy();
      }, this.#timeoutMs);
      this.#waiting = (outcome) => {
        clearTimeout(timer);
        this.#waiting = null;
        resolve(outcome);
      };
      if (this.#ready) this.#socket.write(this.#dialect.write);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #hear(heard: "ready" | WriteOutcome): void {
    if (heard !== "ready") this.#waiting?.(heard);
    else {
      this.#ready = true;
      if (this.#waiting !== null) this.#socket.write(this.#dialect.write);
    }
  }

  #break(detail: string): void {
    this.#broken ??= { outcome: detail === "ECONNREFUSED" ? "refused" : "failed", node: null, detail };
    this.#waiting?.(this.#broken);
  }
}

const readOnlyTransaction = "25006";

export const postgresDialect: Dialect = {
  greeting: serialize.startup({ user: "postgres", database: "postgres" }),
  write: serialize.query("INSERT INTO probe DEFAULT VALUES RETURNING current_setting('lab.node') AS node"),
  listen(socket, hear) {
    let ready = false;
    let outcome: WriteOutcome = { outcome: "failed", node: null, detail: "no result" };
    void parse(socket, (message) => {
      if (message instanceof DatabaseError) {
        const detail = message.code ?? "";
        outcome = { outcome: detail === readOnlyTransaction ? "readOnly" : "failed", node: null, detail };
        // A server that refuses the session (it starts, it stops) will not be ready.
        if (!ready) hear(outcome);
      } else if ("fields" in message && Array.isArray(message.fields) && message.name === "dataRow") {
        outcome = { outcome: "written", node: String(message.fields[0]), detail: "" };
      } else if (message.name === "readyForQuery") {
        hear(ready ? outcome : "ready");
        ready = true;
      }
    });
  },
};

/** The stand-in's: a line each way (stand-in/postgres.ts). */
export const standInDialect: Dialect = {
  greeting: null,
  write: Buffer.from("write\n"),
  listen(socket, hear) {
    const read = lineSplitter((line) => {
      const [word, node = null] = line.split(" ");
      hear(word === "ok" ? { outcome: "written", node, detail: "" } : { outcome: "readOnly", node, detail: "" });
    });
    socket.setEncoding("utf8").on("data", read);
  },
};
