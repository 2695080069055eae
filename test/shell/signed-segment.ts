/**
 * Nodes that elect the holder of a VIP with signed adverts, on one segment and on virtual time: the real runner, packet desk
 * and signature check of each node, its clocks in the test's hand. What the I/O thread does natively (signing in the moment
 * of sending, on a cadence) is done here as native/advert_signer.cc does it.
 */
import { createHmac } from "node:crypto";
import type { AdvertPacket, Holding, Network, NetworkEvent, NetworkOrder } from "../../src/ports/network.js";
import { GroupRunner } from "../../src/shell/group-runner.js";
import { Orders } from "../../src/shell/orders.js";
import { PacketDesk } from "../../src/shell/packet-desk.js";
import { macAddress } from "../../src/wire/addresses.js";
import { type Signatures, TRAILER_LENGTH, signedPart } from "../../src/wire/advert-trailer.js";
import { viewOf } from "../../src/wire/bytes.js";
import { vrid } from "../../src/wire/units.js";
import { defaultSettings } from "../core/transcript.js";
import { VIP, answer } from "./bench.js";
import { ManualClock, fakePatroni } from "./fake-network.js";

export const ROUTER_ID = 51;
const WAY_MS = 0.2;
const SEQUENCE_OFFSET = 4;
const HMAC_OFFSET = 12;

export interface SentAdvert {
  readonly source: string;
  readonly destination: string;
  readonly pdu: Uint8Array;
}

export class SignedSegment {
  readonly clock = new ManualClock();
  /** Each step of each node, with the time. */
  readonly trace: string[] = [];
  readonly nodes: readonly SignedNode[];
  /** Everything that was sent by a node. */
  readonly recording: SentAdvert[] = [];
  /** The longest time with more than one holder that is over. */
  togetherMs = 0;
  #togetherSinceMs = Infinity;

  constructor(priorities: readonly number[], signatures: Signatures) {
    this.nodes = priorities.map((level, index) => {
      return new SignedNode(this, `10.0.0.${String(index + 1)}`, level, signatures);
    });
  }

  get holders(): readonly string[] {
    return this.nodes.filter(({ isHolder }) => isHolder).map(({ address }) => address);
  }

  stepped(text: string): void {
    const nowMs = this.clock.nowMs();
    this.trace.push(`${nowMs.toFixed(1)} ${text}`);
    if (this.holders.length > 1) {
      this.#togetherSinceMs = Math.min(this.#togetherSinceMs, nowMs);
      return;
    }
    this.togetherMs = Math.max(this.togetherMs, nowMs - this.#togetherSinceMs);
    this.#togetherSinceMs = Infinity;
  }

  /** By anybody, to every other node. */
  send(advert: SentAdvert, from: SignedNode | null): void {
    if (from !== null) this.recording.push(advert);
    this.clock.at(this.clock.nowMs() + WAY_MS, () => {
      for (const node of this.nodes) if (node !== from) node.hear(advert);
    });
  }
}

export class SignedNode {
  readonly address: string;
  isEligible = true;
  /** How far its wall clock is ahead of the right time. */
  wallAheadMs = 0;
  readonly #segment: SignedSegment;
  readonly #priority: number;
  readonly #signatures: Signatures;
  #running: { readonly runner: GroupRunner; readonly desk: PacketDesk; readonly sender: Sender } | null = null;

  constructor(segment: SignedSegment, address: string, level: number, signatures: Signatures) {
    this.#segment = segment;
    this.address = address;
    this.#priority = level;
    this.#signatures = signatures;
  }

  get isHolder(): boolean {
    return this.#running?.runner.state.phase.kind === "holder";
  }

  get wallMs(): number {
    return 1_795_000_000_000 + this.#segment.clock.nowMs() + this.wallAheadMs;
  }

  get drops(): Readonly<Record<string, number>> {
    return this.#running?.desk.drops ?? {};
  }

  hear({ source, destination, pdu }: SentAdvert): void {
    const atMs = this.#segment.clock.nowMs();
    const ends = { family: "ipv4", source, destination } as const;
    this.#running?.desk.advert({ kind: "advert", atMs, untold: 0, ifIndex: 7, ...ends, ttl: 255, pdu: pdu.slice() });
  }

  start(): void {
    const { clock } = this.#segment;
    const sender = new Sender(clock, (packets) => {
      for (const packet of packets) this.#segment.send(sender.sign(packet, this.wallMs), this);
    });
    const setup = {
      name: VIP,
      path: "/health",
      settings: {
        ...defaultSettings,
        vips: [VIP],
        priority: this.#priority,
        election: { preempt: true, preemptDelayMs: 0 },
      },
      speech: {
        vips: [{ family: "ipv4", address: VIP, prefixLength: 24 }],
        label: null,
        advertIntervalMs: 100,
        dialect: { kind: "v3", checksum: "pseudoHeader" },
        signatures: this.#signatures,
        peers: null,
        destroySockets: true,
        kernelLeaseSeconds: 2,
      },
    } as const;
    const runner = new GroupRunner(setup, {
      clock,
      patroni: fakePatroni(clock, () => answer(this.isEligible)),
      orders: sender.orders,
      recoveryEnds: () => null,
      readCluster: () => Promise.resolve({ sentAtMs: clock.nowMs(), members: null, own: null }),
      report: (report) => {
        if (report.kind !== "transition" || this.#running?.runner !== runner) return;
        this.#segment.stepped(`${this.address} ${report.from} -> ${report.to} [${report.reason}]`);
      },
      routerId: () => vrid(ROUTER_ID),
      listen: () => undefined,
      expect: () => undefined,
    });
    const desk = new PacketDesk({
      groups: [{ runner }],
      onDrop: () => undefined,
      onStranger: () => undefined,
      now: () => ({ wallMs: this.wallMs, monotonicMs: clock.nowMs() }),
    });
    this.#running = { runner, desk, sender };
    const mac = macAddress(`02:00:00:00:00:0${this.address.at(-1) ?? ""}`);
    runner.place(
      { ifIndex: 7, name: "eth0", mac, sources: { ipv4: this.address, ipv6: null, ipv6Global: null } },
      false,
    );
  }

  /** Power lost: not a word more, and nothing is remembered. */
  crash(): void {
    this.#running?.sender.close();
    this.#running = null;
  }
}

interface Held {
  readonly plan: Holding;
  adverts: readonly AdvertPacket[];
}

/** The part of the I/O thread that sends adverts. */
class Sender implements Network {
  readonly orders = new Orders(this);
  readonly #clock: ManualClock;
  readonly #send: (packets: readonly AdvertPacket[]) => void;
  #held: Held | null = null;
  #last: bigint | null = null;
  #closed = false;

  constructor(clock: ManualClock, send: (packets: readonly AdvertPacket[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  execute(orders: readonly NetworkOrder[]): void {
    for (const order of orders) this.#execute(order);
  }

  heardAtMs(): null {
    return null;
  }

  #execute(order: NetworkOrder): void {
    if (this.#closed) return;
    const atMs = this.#clock.nowMs();
    this.#carryOut(order);
    const times = { startedAtMs: atMs, addressAtMs: atMs, announcedAtMs: atMs, advertisedAtMs: atMs };
    const done: NetworkEvent & { kind: "done" } = {
      ...{ kind: "done", order: order.order, atMs, failure: null, socketsDestroyed: 0, answer: null, sentAtMs: null },
      times: order.kind === "takeOver" ? times : null,
    };
    queueMicrotask(() => {
      this.orders.settle(done);
    });
  }

  close(): void {
    this.#closed = true;
    this.#held = null;
  }

  #carryOut(order: NetworkOrder): void {
    const held = this.#held;
    if (order.kind === "takeOver") {
      const { adverts } = order.holding;
      this.#held = { plan: order.holding, adverts };
      this.#send(adverts);
      this.#repeat(this.#held);
    } else if (order.kind === "advertise" && held !== null) {
      held.adverts = order.adverts;
      this.#send(order.adverts);
    } else if (order.kind === "release" && held !== null) {
      this.#held = null;
      if (order.resign) this.#send(held.plan.resignations);
    }
  }

  #repeat(held: Held): void {
    this.#clock.at(this.#clock.nowMs() + held.plan.advertIntervalMs, () => {
      if (this.#held !== held) return;
      this.#send(held.adverts);
      this.#repeat(held);
    });
  }

  sign({ family, source, destination, pdu, signing }: AdvertPacket, wallMs: number): SentAdvert {
    if (signing === undefined) return { source, destination, pdu };
    const whole = pdu.slice();
    const trailer = whole.length - TRAILER_LENGTH;
    const sequence = this.#next(wallMs, signing.windowSeconds);
    viewOf(whole).setBigUint64(trailer + SEQUENCE_OFFSET, sequence);
    const digest = createHmac("sha256", signing.key).update(signedPart(whole, { family, source })).digest();
    whole.set(digest.subarray(0, TRAILER_LENGTH - HMAC_OFFSET), trailer + HMAC_OFFSET);
    return { source, destination, pdu: whole };
  }

  #next(wallMs: number, windowSeconds: number): bigint {
    const clock = BigInt(Math.floor((wallMs / 1000) * 2 ** 16)) << 16n;
    const last = this.#last;
    const isStranded = last !== null && Number((last >> 32n) - (clock >> 32n)) > windowSeconds;
    this.#last = last === null || isStranded || clock > last ? clock : last + 1n;
    return this.#last;
  }
}
