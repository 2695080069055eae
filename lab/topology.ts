/** The hosts of the article that this project started from: two or three nodes, a host for the DCS, and clients. */
import type { Host } from "./host.js";
import { type HostPlan, Lab } from "./network.js";

export const vipCidr = "10.186.157.199/24";
export const vip = "10.186.157.199";

const nodePlans: readonly HostPlan[] = [
  { name: "pgpat1", addresses: ["10.186.157.60/24"] },
  { name: "pgpat2", addresses: ["10.186.157.216/24"] },
  { name: "pgpat4", addresses: ["10.186.157.217/24"] },
];

/** Three members of the DCS live on this host, one on each address. */
const dcsPlan: HostPlan = { name: "pgpat3", addresses: ["10.186.157.3/24", "10.186.157.4/24", "10.186.157.5/24"] };
export const dcsAddresses: readonly string[] = dcsPlan.addresses.map((cidr) => cidr.replace("/24", ""));

const clientPlan: HostPlan = { name: "client", addresses: ["10.186.157.10/24"] };
/** From here Patroni is asked; nothing is ever broken here. */
const consolePlan: HostPlan = { name: "console", addresses: ["10.186.157.11/24"] };

export interface Topology {
  readonly lab: Lab;
  readonly nodes: readonly Host[];
  readonly dcs: Host;
  readonly client: Host;
  readonly console: Host;
}

export async function createTopology(nodeCount: 2 | 3 = 2): Promise<Topology> {
  const nodes = nodePlans.slice(0, nodeCount);
  const lab = await Lab.create([...nodes, dcsPlan, clientPlan, consolePlan]);
  return {
    lab,
    nodes: nodes.map((plan) => lab.host(plan.name)),
    dcs: lab.host(dcsPlan.name),
    client: lab.host(clientPlan.name),
    console: lab.host(consolePlan.name),
  };
}
