/** ICMP echo requests to one address on a fixed cadence, through the package raw-socket. */
import raw from "raw-socket";
import { nowMs } from "../wait.js";
import { echoTimeoutMs, type ProbeRecord } from "./records.js";
import { tick } from "./ticker.js";

const echoRequest = 8;
const echoReply = 0;
const headerLength = 8;

/** `nodeByTtl`: who sends answers with this TTL. */
export function probeEchoes(
  address: string,
  everyMs: () => number,
  nodeByTtl: ReadonlyMap<number, string>,
  record: (record: ProbeRecord) => void,
): void {
  const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
  const identifier = process.pid & 0xffff;
  /** By sequence number, which comes round after 65536 echoes, long after its last use has been settled. */
  const waiting = new Map<number, number>();
  const late = new Map<number, number>();
  let sequence = 0;

  socket.on("message", (packet, source) => {
    const answeredMs = nowMs();
    const icmp = packet.subarray(((packet[0] ?? 0) & 0x0f) * 4);
    if (icmp.length < headerLength || source !== address) return;
    if (icmp[0] !== echoReply || icmp.readUInt16BE(4) !== identifier) return;
    settle(icmp.readUInt16BE(6), answeredMs, nodeByTtl.get(packet[8] ?? 0) ?? null);
  });

  function settle(answered: number, answeredMs: number, node: string | null): void {
    const sentMs = waiting.get(answered);
    const lateSentMs = late.get(answered);
    if (sentMs !== undefined) record({ kind: "echo", sentMs, answeredMs, node });
    else if (lateSentMs !== undefined) record({ kind: "lateEcho", sentMs: lateSentMs, answeredMs, node });
    waiting.delete(answered);
    late.delete(answered);
  }

  function giveUp(): void {
    const oldestMs = nowMs() - echoTimeoutMs;
    for (const [number, sentMs] of waiting) {
      if (sentMs > oldestMs) return;
      waiting.delete(number);
      late.set(number, sentMs);
      record({ kind: "echo", sentMs, answeredMs: null, node: null });
    }
  }

  tick(everyMs, () => {
    giveUp();
    sequence = (sequence + 1) & 0xffff;
    late.delete(sequence);
    waiting.set(sequence, nowMs());
    const packet = echoPacket(identifier, sequence);
    // An error (no route, neighbour unreachable) is an echo without an answer, and is counted as one.
    socket.send(packet, 0, packet.length, address, () => undefined);
  });
}

function echoPacket(identifier: number, sequence: number): Buffer {
  const packet = Buffer.alloc(headerLength + 56);
  packet.writeUInt8(echoRequest, 0);
  packet.writeUInt16BE(identifier, 4);
  packet.writeUInt16BE(sequence, 6);
  return raw.writeChecksum(packet, 2, raw.createChecksum(packet));
}
