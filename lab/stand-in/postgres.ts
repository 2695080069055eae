/**
 * Stand-in for PostgreSQL: a TCP server on port 5432 that takes writes when it is the primary.
 *
 * A client sends "write" and gets "ok <node>" or "readonly <node>", a line each. Patroni's stand-in tells the role over a
 * unix socket; like a real server this one lives on when Patroni is killed. SIGTERM ends it and its sessions.
 * Arguments: the node's name, its directory.
 */
import { rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { lineSplitter, parseLine } from "../json-lines.js";
import { controlSocket, type PostgresRole, roleMessage } from "./postgres-protocol.js";

const [node = "", directory = ""] = process.argv.slice(2);
const sessions = new Set<Socket>();
let role: PostgresRole = "replica";

const sqlServer = createServer((socket) => {
  sessions.add(socket);
  socket.setEncoding("utf8").setNoDelay();
  const answer = lineSplitter((line) => {
    if (line === "write") socket.write(`${role === "primary" ? "ok" : "readonly"} ${node}\n`);
    else socket.destroy();
  });
  socket.on("data", answer);
  socket.on("error", () => undefined);
  socket.on("close", () => sessions.delete(socket));
});

const controlServer = createServer((socket) => {
  const tellRole = (): void => {
    socket.write(JSON.stringify({ role }) + "\n");
  };
  const setRole = lineSplitter((line) => {
    role = parseLine(roleMessage, line).role;
    tellRole();
  });
  socket.setEncoding("utf8").on("data", setRole);
  socket.on("error", () => undefined);
  tellRole();
});

function listening(server: Server, where: number | string): Promise<void> {
  return new Promise((resolve) => server.listen(where, resolve));
}

process.on("SIGTERM", () => {
  sqlServer.close();
  for (const session of sessions) session.resetAndDestroy();
  process.exit(0);
});

// A predecessor that was killed left its socket file.
rmSync(controlSocket(directory), { force: true });
await listening(sqlServer, 5432);
writeFileSync(`${directory}/postmaster.pid`, String(process.pid));
await listening(controlServer, controlSocket(directory));
