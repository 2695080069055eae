/**
 * Stand-in for the DCS: keeps the leader lock with its time to live, and tells every member of each change.
 *
 * One program on the DCS host. Members connect over TCP and send JSON lines (dcs-protocol.ts); the state goes to all of
 * them on each change and as a heartbeat. Argument: the settings as JSON.
 */
import { createServer, type Socket } from "node:net";
import * as v from "valibot";
import { lineSplitter, parseLine } from "../json-lines.js";
import { dcsPort, dcsRequest, type DcsState, heartbeatMs } from "./dcs-protocol.js";

const settings = parseLine(
  v.object({
    ttlMs: v.number(),
    /** Until somebody has been leader, only this member may become it. */
    firstLeader: v.string(),
  }),
  process.argv[2] ?? "",
);

const members = new Set<Socket>();
let state: DcsState = { leader: null, candidate: null, timeline: 0 };
let lastLeader: string | null = null;
let expiry: NodeJS.Timeout | undefined;

function publish(change: Partial<DcsState> = {}): void {
  state = { ...state, ...change };
  for (const socket of members) socket.write(JSON.stringify(state) + "\n");
}

function extendLease(): void {
  clearTimeout(expiry);
  expiry = setTimeout(() => {
    publish({ leader: null });
  }, settings.ttlMs);
}

function mayAcquire(member: string): boolean {
  if (state.leader !== null) return false;
  return member === (lastLeader === null ? settings.firstLeader : (state.candidate ?? member));
}

function handle(line: string): void {
  const request = parseLine(dcsRequest, line);
  switch (request.kind) {
    case "acquire": {
      if (!mayAcquire(request.member)) return;
      const timeline = request.member === lastLeader ? state.timeline : state.timeline + 1;
      lastLeader = request.member;
      extendLease();
      publish({ leader: request.member, candidate: null, timeline });
      return;
    }
    case "renew":
      if (request.member === state.leader) extendLease();
      return;
    case "release":
      if (request.member !== state.leader) return;
      clearTimeout(expiry);
      publish({ leader: null });
      return;
    case "switchover":
      publish({ candidate: request.candidate });
      return;
  }
}

createServer((socket) => {
  members.add(socket);
  socket.setEncoding("utf8").setNoDelay();
  socket.on("data", lineSplitter(handle));
  socket.on("error", () => undefined);
  socket.on("close", () => members.delete(socket));
  socket.write(JSON.stringify(state) + "\n");
}).listen(dcsPort);

setInterval(() => {
  publish();
}, heartbeatMs);
