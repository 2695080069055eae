/** Takes VIPs off this host's interfaces when no agent runs that could do it. */
import type { Config, GroupConfig } from "../config/config.js";
import { PgvipError } from "../errors.js";
import type { LinkState, NetworkEvent, OrderFailure } from "../ports/network.js";
import { requireCapabilities } from "./capabilities.js";
import { failureText } from "./group-runner.js";
import { openNetwork } from "./native-network.js";
import { Orders } from "./orders.js";
import { planAddresses } from "./plans.js";
import { resolveInterface } from "./resolve-interface.js";
import { virtualLinksOf } from "./virtual-links.js";

/** What was done about one VIP. */
export interface Removal {
  readonly vip: string;
  /** Where it was; `null`: it is not where the configuration would put it. */
  readonly from: string | null;
}

export interface Removals {
  readonly vips: readonly Removal[];
  /** TCP connections of the VIPs that were reset. */
  readonly socketsDestroyed: number;
}

type Snapshot = NetworkEvent & { readonly kind: "snapshot" };

/** Errors: PERMISSION, CONFIG when a VIP is this node's own address, SYSTEM when the kernel refuses. */
export async function removeLeftovers(groups: Config["groups"]): Promise<Removals> {
  requireCapabilities("pgvip release");
  let seen: (snapshot: Snapshot) => void = () => undefined;
  const first = new Promise<Snapshot>((resolve) => (seen = resolve));
  const network = openNetwork((events) => {
    for (const event of events) {
      if (event.kind === "snapshot") seen(event);
      if (event.kind === "done") orders.settle(event);
    }
  });
  const orders = new Orders(network);
  try {
    const snapshot = await first;
    const done = await Promise.all(groups.map((group) => removeGroup(group, snapshot, orders)));
    return {
      vips: done.flatMap(({ vips }) => vips),
      socketsDestroyed: done.reduce((sum, { socketsDestroyed }) => sum + socketsDestroyed, 0),
    };
  } finally {
    network.close();
  }
}

async function removeGroup(group: GroupConfig, { links, addresses }: Snapshot, orders: Orders): Promise<Removals> {
  const found = resolveInterface(group, links, addresses);
  if (!found.ok && found.problem.kind === "ownAddress") throw new PgvipError("CONFIG", found.problem.text);
  const virtual = found.ok ? virtualLinksOf(group, found.ifIndex) : [];
  const homes = links.filter(
    ({ ifIndex, name }) => (found.ok && ifIndex === found.ifIndex) || virtual.some((one) => one.name === name),
  );
  const homeOf = (vip: string): LinkState | undefined =>
    homes.find((link) => addresses.some(({ ifIndex, address }) => ifIndex === link.ifIndex && address === vip));
  let socketsDestroyed = 0;
  for (const { ifIndex } of homes) {
    const here = group.vips.filter(({ address }) => homeOf(address)?.ifIndex === ifIndex);
    if (here.length === 0) continue;
    const outcome = await orders.give({
      kind: "removeAddresses",
      ifIndex,
      addresses: planAddresses({ vips: here, label: group.label }),
      destroySockets: group.destroySockets,
    });
    if (outcome.failure !== null) throw notRemoved(outcome.failure);
    socketsDestroyed += outcome.socketsDestroyed;
  }
  for (const { name } of virtual) {
    const { failure } = await orders.give({ kind: "removeVirtualLink", name });
    if (failure !== null) throw notRemoved(failure);
  }
  const vips = group.vips.map(({ address }) => ({ vip: address, from: homeOf(address)?.name ?? null }));
  return { vips, socketsDestroyed };
}

function notRemoved(failure: OrderFailure): PgvipError {
  return new PgvipError("SYSTEM", `a VIP could not be removed: ${failureText(failure)}`);
}
