/**
 * The probe: a client of the VIP that writes down all it meets, as JSON lines on standard output. It runs on a client host
 * until its standard input ends. Argument: the settings as JSON.
 */
import { setPriority } from "node:os";
import { parseLine } from "../json-lines.js";
import { probeConnects } from "./connect.js";
import { probeEchoes } from "./echo.js";
import { type ProbeRecord, probeSettings } from "./records.js";
import { type OpenSession, PostgresSession, StandInSession } from "./session.js";
import { probeNode, probeVip } from "./write.js";

const settings = parseLine(probeSettings, process.argv[2] ?? "");

function record(record: ProbeRecord): void {
  process.stdout.write(JSON.stringify(record) + "\n");
}

const open: OpenSession = (address, timeoutMs) =>
  settings.protocol === "postgres" ? new PostgresSession(address, timeoutMs) : new StandInSession(address, timeoutMs);

process.stdin.resume().on("end", () => process.exit(0));
// What is measured must not be the probe waiting for a processor.
setPriority(-15);
probeEchoes(settings.vip, settings.echoEveryMs, record);
probeConnects(settings.vip, 5432, settings.connectEveryMs, record);
void probeVip(open, settings.vip, settings.writeEveryMs, record);
for (const node of settings.nodes) void probeNode(open, node, settings.writeEveryMs, record);
record({ kind: "ready" });
