/** How long `connect()` takes, on a fixed cadence; attempts overlap, because a lost SYN costs a whole second. */
import { connect } from "node:net";
import { nowMs } from "../wait.js";
import type { ProbeRecord } from "./records.js";
import { tick } from "./ticker.js";

const timeoutMs = 10_000;

export function probeConnects(
  address: string,
  port: number,
  everyMs: () => number,
  record: (record: ProbeRecord) => void,
): void {
  tick(everyMs, () => {
    const startedMs = nowMs();
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => socket.destroy(new Error("timeout")), timeoutMs);
    const end = (outcome: "connected" | "refused" | "failed"): void => {
      clearTimeout(timer);
      record({ kind: "connect", startedMs, endedMs: nowMs(), outcome });
      socket.removeAllListeners().on("error", () => undefined);
      socket.destroy();
    };
    socket.on("connect", () => {
      end("connected");
    });
    socket.on("error", (error) => {
      end("code" in error && error.code === "ECONNREFUSED" ? "refused" : "failed");
    });
  });
}
