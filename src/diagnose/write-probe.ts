/**
 * Writes to PostgreSQL as a client would, through the package pg where that is installed: each attempt is a connection of
 * its own and takes a transaction number, which a replica cannot, and which needs no table.
 */
import type pg from "pg";
import { PgvipError } from "../errors.js";
import type { Clock } from "../ports/clock.js";
import { type Probe, every } from "./probes.js";
import type { Attempt } from "./tally.js";

const TIMEOUT_MS = 5000;
/** Attempts under way at most: a database that hangs must not be given more to hang on. */
const MAX_PENDING = 20;
const READ_ONLY = "25006";
const WRITE = "SELECT txid_current()";

/** Throws a PgvipError (USAGE) when pg is not installed, or the DSN cannot be read. `name`: without a password. */
export async function writeProbe(dsn: string, intervalMs: number, clock: Clock): Promise<Probe> {
  const { Client } = await loadPg();
  const name = nameOf(dsn);
  let stop: () => void = () => undefined;
  let pending = 0;

  async function write(): Promise<Pick<Attempt, "outcome" | "detail">> {
    const client = new Client({
      connectionString: dsn,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    // A connection that breaks is told by the query that it breaks under.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query(WRITE);
      return { outcome: "answered", detail: "" };
    } catch (error) {
      const code = codeOf(error);
      if (code === READ_ONLY) return { outcome: "readOnly", detail: "read-only" };
      return { outcome: code === "ECONNREFUSED" ? "refused" : "failed", detail: code };
    } finally {
      client.end().catch(() => undefined);
    }
  }

  return {
    name,
    start(note) {
      stop = every(intervalMs, clock, () => {
        if (pending >= MAX_PENDING) return;
        pending += 1;
        const sentMs = clock.nowMs();
        void write().then(({ outcome, detail }) => {
          pending -= 1;
          note({ sentMs, endedMs: clock.nowMs(), outcome, detail });
        });
      });
    },
    stop() {
      stop();
    },
  };
}

async function loadPg(): Promise<typeof pg> {
  try {
    return (await import("pg")).default;
  } catch (cause) {
    throw new PgvipError("USAGE", "--pg needs the package pg, which is not installed: npm install -g pg", { cause });
  }
}

/** The DSN's host, port and database; a DSN may hold a password, which belongs on no screen. */
function nameOf(dsn: string): string {
  if (!URL.canParse(dsn) || !/^postgres(ql)?:$/.test(new URL(dsn).protocol)) {
    throw new PgvipError("USAGE", "--pg wants a DSN such as postgresql://user@10.0.0.100:5432/postgres");
  }
  const { hostname, port, pathname } = new URL(dsn);
  return `pg ${hostname}${port === "" ? "" : `:${port}`}${pathname === "/" ? "" : pathname}`;
}

function codeOf(error: unknown): string {
  if (error instanceof Error) return "code" in error ? String(error.code) : error.message;
  return String(error);
}
