/** Probes of an address on a fixed cadence: ICMP echo, TCP connect, a write to PostgreSQL. Attempts overlap. */
import net from "node:net";
import type { Clock } from "../ports/clock.js";
import { openRawSocket } from "../shell/raw-socket-packets.js";
import { familyOf } from "../wire/addresses.js";
import { emitEchoRequest, parseEchoReply } from "../wire/icmp.js";
import { IP_PROTOCOL, parseIpv4 } from "../wire/ipv4.js";
import type { Attempt } from "./tally.js";

export interface Probe {
  /** `icmp`, `tcp 5432`, `pg HOST`. */
  readonly name: string;
  start(note: (attempt: Attempt) => void): void;
  /** Idempotent. */
  stop(): void;
}

const TIMEOUT_MS = 2000;

/** Calls back on a grid of the clock; a tick that was missed is skipped, never caught up in a burst. */
export function every(intervalMs: number, clock: Clock, tick: () => void): () => void {
  const startMs = clock.nowMs();
  let index = 0;
  let cancel: () => void = () => undefined;
  const next = (): void => {
    index = Math.max(index, Math.floor((clock.nowMs() - startMs) / intervalMs)) + 1;
    cancel = clock.at(startMs + index * intervalMs, () => {
      next();
      tick();
    });
  };
  next();
  return () => {
    cancel();
  };
}

/** Throws a PgvipError when raw-socket is missing or the kernel refuses the socket. */
export function echoProbe(address: string, intervalMs: number, clock: Clock): Probe {
  const family = familyOf(address) ?? "ipv4";
  const socket = openRawSocket(family === "ipv4" ? IP_PROTOCOL.icmp : IP_PROTOCOL.icmpv6, family);
  const identifier = process.pid & 0xffff;
  const waiting = new Map<number, number>();
  let sequence = 0;
  let stop: () => void = () => undefined;
  return {
    name: "icmp",
    start(note) {
      socket.onPacket((packet, source) => {
        const endedMs = clock.nowMs();
        const message = family === "ipv4" ? payloadOf(packet) : packet;
        const echo = message === null || source !== address ? null : parseEchoReply(message, family);
        if (echo?.identifier !== identifier) return;
        const sentMs = waiting.get(echo.sequence);
        if (sentMs === undefined) return;
        waiting.delete(echo.sequence);
        note({ sentMs, endedMs, outcome: "answered", detail: "" });
      });
      stop = every(intervalMs, clock, () => {
        const nowMs = clock.nowMs();
        for (const [number, sentMs] of waiting) {
          if (sentMs > nowMs - TIMEOUT_MS) break;
          waiting.delete(number);
          note({ sentMs, endedMs: nowMs, outcome: "failed", detail: "no answer" });
        }
        sequence = (sequence + 1) & 0xffff;
        waiting.set(sequence, nowMs);
        // A send that fails (no route, no neighbour) is an echo without an answer, and is counted as one.
        socket.send(emitEchoRequest({ identifier, sequence }, family), address).catch(() => undefined);
      });
    },
    stop() {
      stop();
      socket.close();
    },
  };
}

function payloadOf(packet: Uint8Array): Uint8Array | null {
  const parsed = parseIpv4(packet);
  return parsed.ok ? parsed.packet.payload : null;
}

export function tcpProbe(host: string, port: number, intervalMs: number, clock: Clock): Probe {
  const open = new Set<net.Socket>();
  let stop: () => void = () => undefined;
  return {
    name: `tcp ${String(port)}`,
    start(note) {
      stop = every(intervalMs, clock, () => {
        const sentMs = clock.nowMs();
        const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
        open.add(socket);
        const end = (outcome: Attempt["outcome"], detail: string): void => {
          if (!open.delete(socket)) return;
          socket.destroy();
          note({ sentMs, endedMs: clock.nowMs(), outcome, detail });
        };
        socket.on("connect", () => {
          end("answered", "");
        });
        socket.on("timeout", () => {
          end("failed", "timeout");
        });
        socket.on("error", (error) => {
          const code = "code" in error ? String(error.code) : error.message;
          end(code === "ECONNREFUSED" ? "refused" : "failed", code);
        });
      });
    },
    stop() {
      stop();
      for (const socket of open) socket.destroy();
      open.clear();
    },
  };
}
