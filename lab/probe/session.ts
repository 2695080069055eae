/** A client's session with a database server: opened by the first write, reopened after a failure. */
import { connect, type Socket } from "node:net";
import pg from "pg";
import { lineSplitter } from "../json-lines.js";

export interface WriteOutcome {
  readonly outcome: "written" | "readOnly" | "refused" | "failed";
  /** Who took the write. */
  readonly node: string | null;
  /** Error code, or nothing. */
  readonly detail: string;
}

export interface Session {
  /** Never rejects. One at a time. */
  write(): Promise<WriteOutcome>;
  close(): void;
}

export type OpenSession = (address: string, timeoutMs: number) => Session;

const readOnlyTransaction = "25006";
const insert = "INSERT INTO probe DEFAULT VALUES RETURNING current_setting('lab.node') AS node";

export class PostgresSession implements Session {
  readonly #address: string;
  readonly #timeoutMs: number;
  #client: pg.Client | null = null;

  constructor(address: string, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  async write(): Promise<WriteOutcome> {
    try {
      this.#client ??= await this.#connect();
      const { rows } = await this.#client.query<{ node: string }>(insert);
      return { outcome: "written", node: rows[0]?.node ?? null, detail: "" };
    } catch (error) {
      const detail = errorCode(error);
      if (detail === readOnlyTransaction) return { outcome: "readOnly", node: null, detail };
      this.close();
      return { outcome: detail === "ECONNREFUSED" ? "refused" : "failed", node: null, detail };
    }
  }

  close(): void {
    this.#client?.end().catch(() => undefined);
    this.#client = null;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      host: this.#address,
      port: 5432,
      user: "postgres",
      database: "postgres",
      connectionTimeoutMillis: this.#timeoutMs,
      query_timeout: this.#timeoutMs,
    });
    // A session that breaks between two writes is noticed by the next one.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }
}

export class StandInSession implements Session {
  readonly #address: string;
  readonly #timeoutMs: number;
  #socket: Socket | null = null;

  constructor(address: string, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
  }

  write(): Promise<WriteOutcome> {
    const socket = (this.#socket ??= connect({ host: this.#address, port: 5432, noDelay: true }));
    return new Promise((resolve) => {
      const end = (outcome: WriteOutcome): void => {
        clearTimeout(timer);
        socket.removeAllListeners().on("error", () => undefined);
        if (outcome.outcome === "refused" || outcome.outcome === "failed") this.close();
        resolve(outcome);
      };
      const fail = (detail: string): void => {
        end({ outcome: detail === "ECONNREFUSED" ? "refused" : "failed", node: null, detail });
      };
      const readAnswer = lineSplitter((line) => {
        const [word, node = null] = line.split(" ");
        end(word === "ok" ? { outcome: "written", node, detail: "" } : { outcome: "readOnly", node, detail: "" });
      });
      const timer = setTimeout(fail, this.#timeoutMs, "timeout");
      socket.setEncoding("utf8").on("data", readAnswer);
      socket.on("error", (error) => {
        fail(errorCode(error));
      });
      socket.on("close", () => {
        fail("closed");
      });
      socket.write("write\n");
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }
}

function errorCode(error: unknown): string {
  if (error instanceof Error) return "code" in error ? String(error.code) : error.message;
  return String(error);
}
