/**
 * Floods a segment of the lab with forged adverts of a virtual router, and with frames of a stranger who says that he has its VIP
 * (flooder.cc).
 *
 * The stranger speaks to the nodes alone: to lie to a client's cache needs one frame, and no agent can prevent it.
 */
import { fileURLToPath } from "node:url";
import { FORGER_MAC, advertFrame } from "./advert-frame.js";
import { compile } from "./compile.js";
import type { Host } from "./host.js";
import { atOnce } from "./priority.js";
import type { LabProcess } from "./process.js";
import { type Topology, vip } from "./topology.js";
import { until } from "./wait.js";
import { type MacAddress, macAddress } from "../src/wire/addresses.js";
import { emitArp } from "../src/wire/arp.js";
import { centis, priority, vrid } from "../src/wire/units.js";
import { VRRP_GROUP, emitAdvert } from "../src/wire/vrrp.js";

export interface Flood {
  readonly process: LabProcess;
  /** Resolves when it is over: how many frames have left, and in how many milliseconds. */
  readonly over: Promise<{ readonly frames: number; readonly ms: number }>;
}

const source = fileURLToPath(new URL("flooder.cc", import.meta.url));
const STRANGER = "10.186.157.66";

export class Flooder {
  readonly #program: string;
  readonly #host: Host;
  readonly #frames: readonly string[];

  /** It floods from the topology's console. */
  static async build({ nodes, console: host }: Topology, routerId: number): Promise<Flooder> {
    const program = await compileFlooder(host.directory);
    const macs = await Promise.all(nodes.map(macOf));
    const forged = (address: string, value: number) => forgedAdvert(routerId, address, value);
    const frames = [
      forged(STRANGER, 255),
      ...nodes.flatMap(({ address }) => [255, 1, 0].map((value) => forged(address, value))),
      ...macs.flatMap((mac) => [claim("request", mac), claim("reply", mac)]),
    ];
    return new Flooder(program, host, frames);
  }

  private constructor(program: string, host: Host, frames: readonly Uint8Array[]) {
    this.#program = program;
    this.#host = host;
    this.#frames = frames.map((frame) => Buffer.from(frame).toString("hex"));
  }

  /** Resolves when it has begun. */
  async flood(perSecond: number, seconds: number): Promise<Flood> {
    const words = ["eth0", String(perSecond), String(seconds), ...this.#frames];
    // A real flood comes from a machine of its own, however busy those are that it reaches.
    const process = this.#host.spawnPiped(...atOnce(this.#program, words), { log: "flood" });
    const told: string[] = [];
    process.onLine((line) => told.push(line));
    await until("the flood has begun", () => told.length > 0);
    const over = async (): Promise<{ frames: number; ms: number }> => {
      await process.exited;
      const result = await until("the flood's result", () => told[1] ?? null);
      const [frames = 0, ms = 0] = result.split(" ").map(Number);
      return { frames, ms };
    };
    return { process, over: over() };
  }
}

/** Makes the program in a directory; its arguments are told in its source. */
export async function compileFlooder(directory: string): Promise<string> {
  const program = `${directory}/flooder`;
  await compile(program, [source], ["-O2"]);
  return program;
}

async function macOf(node: Host): Promise<MacAddress> {
  return macAddress((await node.exec("cat", ["/sys/class/net/eth0/address"])).stdout.trim());
}

function forgedAdvert(routerId: number, from: string, value: number): Uint8Array {
  const advert = {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(routerId),
    priority: priority(value),
    interval: centis(10),
    addresses: [vip],
  } as const;
  const endpoints = { source: from, destination: VRRP_GROUP.ipv4 };
  return advertFrame(emitAdvert(advert, endpoints, { checksum: "pseudoHeader" }), endpoints);
}

function claim(operation: "request" | "reply", to: MacAddress): Uint8Array {
  const [senderMac, targetMac] = [FORGER_MAC, FORGER_MAC];
  return emitArp({ operation, senderMac, senderAddress: vip, targetMac, targetAddress: vip }, to);
}
