/**
 * Stand-in for Patroni: one program per node, with Patroni's REST interface, exit behaviour and pace.
 *
 * SIGTERM, SIGKILL and SIGSTOP do to it what they do to Patroni. On standard input it takes orders for what a Patroni does
 * only when it is ill (patroni-orders.ts). Argument: the settings as JSON.
 */
import { writeFileSync } from "node:fs";
import * as v from "valibot";
import { lineSplitter, parseLine } from "../json-lines.js";
import { Member } from "./member.js";
import { healthy, patroniOrder, type PatroniOrder } from "./patroni-orders.js";
import { RestServer } from "./rest-server.js";

const settings = v.object({
  name: v.string(),
  scope: v.string(),
  directory: v.string(),
  dcsAddress: v.string(),
  ttlMs: v.number(),
  loopWaitMs: v.number(),
  retryTimeoutMs: v.number(),
  promoteMs: v.number(),
  members: v.array(v.object({ name: v.string(), address: v.string() })),
});

const { members, ...memberSettings } = parseLine(settings, process.argv[2] ?? "");
const member = new Member(memberSettings);
let illness: PatroniOrder = healthy;
const rest = new RestServer(member, members, () => illness);
rest.listen();

const takeOrder = lineSplitter((line) => {
  illness = parseLine(patroniOrder, line);
  member.clockMs = illness.clockMs;
  rest.takeConnections(illness.manner !== "refuses");
  if (illness.callback !== null) writeFileSync(illness.callback, "\n");
});
process.stdin.setEncoding("utf8").on("data", takeOrder);

process.once("SIGTERM", () => {
  void member.shutDown().then(() => process.exit(0));
});
