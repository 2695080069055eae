/**
 * A client that has sent a statement and waits for its end: it sends nothing more, so only the other side can tell it that
 * the session is over. A program on a client host. Arguments: address, protocol. Tells a JSON line when it is connected
 * and one when the session has ended.
 */
import { connect } from "node:net";
import { serialize } from "pg-protocol";
import { nowMs } from "../wait.js";
import type { WaitingRecord } from "./records.js";

const [address = "", protocol = ""] = process.argv.slice(2);

function tell(kind: WaitingRecord["kind"]): void {
  process.stdout.write(JSON.stringify({ kind, atMs: nowMs() } satisfies WaitingRecord) + "\n");
}

const socket = connect({ host: address, port: 5432, noDelay: true });
socket.on("connect", () => {
  if (protocol === "postgres") {
    socket.write(serialize.startup({ user: "postgres", database: "postgres" }));
    socket.write(serialize.query("SELECT pg_sleep(3600)"));
  }
  tell("connected");
});
socket.on("data", () => undefined);
socket.on("error", () => undefined);
socket.on("close", () => tell("ended"));
