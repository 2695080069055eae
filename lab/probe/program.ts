/**
 * The probe: a client of the VIP that writes down all it meets, as JSON lines on standard output. It runs on a client host
 * until its standard input ends, on which it takes orders (`probeOrder`). Argument: the settings as JSON.
 */
import { createInterface } from "node:readline";
import { parseLine } from "../json-lines.js";
import { probeConnects } from "./connect.js";
import { probeEchoes } from "./echo.js";
import { probePatroni } from "./patroni.js";
import { type Attention, type Cadence, type ProbeRecord, probeOrder, probeSettings } from "./records.js";
import { type OpenSession, postgresDialect, Session, standInDialect } from "./session.js";
import { probeStatements } from "./statements.js";
import { WriteProbe } from "./write.js";

const { vip, nodes, protocol, echo, connect, write, sessions, patroniEveryMs } = parseLine(
  probeSettings,
  process.argv[2] ?? "",
);
let attention: Attention = "calm";

function record(record: ProbeRecord): void {
  process.stdout.write(JSON.stringify(record) + "\n");
}

const dialect = protocol === "postgres" ? postgresDialect : standInDialect;
const open: OpenSession = (address, timeoutMs) => new Session(dialect, address, timeoutMs);

function byAttention({ calmMs, closeMs }: Cadence): () => number {
  return () => (attention === "close" ? closeMs : calmMs);
}

createInterface({ input: process.stdin })
  .on("line", (line) => ({ attention } = parseLine(probeOrder, line)))
  .on("close", () => process.exit(0));

probeEchoes(vip, byAttention(echo), new Map(nodes.map(({ ttl, name }) => [ttl, name])), record);
probeConnects(vip, 5432, byAttention(connect), record);
for (const target of [{ name: "vip", address: vip }, ...nodes]) {
  void new WriteProbe(open, target, write, () => attention, record).run();
}
for (let number = 1; number <= sessions.count; number += 1) {
  void probeStatements(open, vip, number, sessions.everyMs, record);
}
if (patroniEveryMs !== null) for (const node of nodes) void probePatroni(node, patroniEveryMs, () => attention, record);
record({ kind: "ready" });
