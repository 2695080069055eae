/** What can be put through the faults: the systems of the benchmark, and what a neighbour can know of their adverts. */
import { fileURLToPath } from "node:url";
import { PgvipAgents } from "../../lab/agents.js";
import type { Host } from "../../lab/host.js";
import { vipCidr } from "../../lab/topology.js";
import type { VipManager } from "../../lab/vip-manager.js";
import { keepalivedArticle } from "../systems/keepalived-article.js";
import type { System } from "../systems/system.js";
import { vipManagers } from "../systems/vip-manager.js";
import type { ForgedAdvert } from "./forgery.js";

export interface FaultSystem extends Pick<System, "name" | "about"> {
  /** `env`: to be in the environment of one that has the hooks. */
  readonly create: (env: Readonly<Record<string, string>>) => VipManager;
  readonly speaksVrrp: boolean;
  /** Adverts that a neighbour could send to the leader in its rival's name. */
  readonly forged: (leader: Segmented, other: Segmented, stranger: Segmented) => readonly ForgedAdvert[];
  /** Has an event loop that a signal can block (agent-hook.mjs), and rights that can be taken (lab/rights.ts). */
  readonly hooked: boolean;
}

/** A host, and the hardware address of its interface. */
export interface Segmented extends Pick<Host, "name" | "address"> {
  readonly mac: string;
}

export const routerId = 50;
const group = { destination: "224.0.0.18", destinationMac: "01:00:5e:00:00:12" };
const hook = fileURLToPath(new URL("agent-hook.mjs", import.meta.url));

const pgvip: FaultSystem = {
  name: "pgvip",
  about: `pgvip run --vip ${vipCidr} --router-id ${routerId}, its defaults`,
  create: (env) =>
    new PgvipAgents({
      vips: [vipCidr],
      extra: ["--router-id", String(routerId)],
      env: { ...env, NODE_OPTIONS: `--import=${hook}` },
    }),
  speaksVrrp: true,
  forged: (_leader, other, stranger) =>
    [other, stranger].map(({ address }) => ({ routerId, source: address, ...group, password: null })),
  hooked: true,
};

/** It speaks unicast: who forges needs the password, which is sent in clear, and the other node's address. */
const keepalived: FaultSystem = {
  name: "keepalived",
  about: keepalivedArticle.about,
  create: keepalivedArticle.create,
  speaksVrrp: true,
  forged: (leader, other) => [
    {
      routerId: leader.name === "pgpat1" ? 50 : 51,
      source: other.address,
      destination: leader.address,
      destinationMac: leader.mac,
      password: "~bG7n)4?",
    },
  ],
  hooked: false,
};

/** `vipManager`: path of that program, if it is to take part. */
export function faultSystems(vipManager: string | null): readonly FaultSystem[] {
  const [patroniMode] = vipManager === null ? [] : vipManagers(vipManager);
  const others = patroniMode === undefined ? [] : [{ ...patroniMode, name: "vip-manager" }];
  return [
    pgvip,
    keepalived,
    ...others.map((system) => ({ ...system, speaksVrrp: false, forged: () => [], hooked: false })),
  ];
}
