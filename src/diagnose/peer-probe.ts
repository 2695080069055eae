/**
 * Whether packets of VRRP's protocol get to the other members: sends each of them one that every VRRP router discards (a
 * TTL that is not 255, and a type that does not exist), and listens for the ICMP message of whoever does not take it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PgvipError } from "../errors.js";
import { type RawSocket, openRawSocket } from "../shell/raw-socket-packets.js";
import { familyOf } from "../wire/addresses.js";
import { UNREACHABLE, type Unreachable, parseUnreachable } from "../wire/icmp.js";
import { IP_PROTOCOL, parseIpv4 } from "../wire/ipv4.js";
import type { PeerEvidence } from "./evidence.js";

/**
 * Version 3, type 15: no VRRP router knows it. The checksum is right for the PDU alone: netfilter's `reject` says nothing
 * about packets that it takes for broken.
 */
const NOBODYS_PACKET = Uint8Array.of(0x3f, 0, 0, 0, 0, 0, 0xc0, 0xff);
const WAIT_MS = 500;

export interface Peer {
  readonly name: string;
  readonly address: string;
}

export async function probePeers(peers: readonly Peer[]): Promise<readonly PeerEvidence[]> {
  const ipv4 = peers.filter(({ address }) => familyOf(address) === "ipv4");
  const others = peers
    .filter((peer) => !ipv4.includes(peer))
    .map((peer) => ({ ...peer, outcome: { kind: "notTried", text: "only IPv4 is tried" } }) as const);
  if (ipv4.length === 0) return others;
  try {
    return [...(await probeAll(ipv4)), ...others];
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    const outcome = { kind: "notTried", text: error.message } as const;
    return peers.map((peer) => ({ ...peer, outcome }));
  }
}

async function probeAll(peers: readonly Peer[]): Promise<readonly PeerEvidence[]> {
  const refusals = new Map<string, Unreachable>();
  const icmp = openRawSocket(IP_PROTOCOL.icmp, "ipv4");
  try {
    icmp.onPacket((packet) => {
      const ip = parseIpv4(packet);
      const refusal = ip.ok ? parseUnreachable(ip.packet.payload) : null;
      if (refusal?.protocol === IP_PROTOCOL.vrrp) refusals.set(refusal.destination, refusal);
    });
    const vrrp = openRawSocket(IP_PROTOCOL.vrrp, "ipv4");
    try {
      const failures = await Promise.all(peers.map(({ address }) => sendTo(vrrp, address)));
      await sleep(WAIT_MS);
      return peers.map((peer, index) => ({
        ...peer,
        outcome: outcomeOf(failures[index] ?? null, refusals.get(peer.address)),
      }));
    } finally {
      vrrp.close();
    }
  } finally {
    icmp.close();
  }
}

async function sendTo(socket: RawSocket, address: string): Promise<string | null> {
  try {
    await socket.send(NOBODYS_PACKET, address);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function outcomeOf(failure: string | null, refusal: Unreachable | undefined): PeerEvidence["outcome"] {
  if (failure !== null) return { kind: "notSent", text: failure };
  if (refusal === undefined) return { kind: "silent" };
  if (refusal.code === UNREACHABLE.protocol) return { kind: "nobodyListens" };
  return { kind: "prohibited", code: refusal.code };
}
