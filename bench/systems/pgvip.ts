/** pgvip as it comes: the VIP is all it is told, and `--on-stop keep`, which is what one sets for upgrades. */
import { type AgentOptions, PgvipAgents } from "../../lab/agents.js";
import { vipCidr } from "../../lab/topology.js";
import { everywhere, type System } from "./system.js";

export const pgvip = variant("pgvip", 100, []);

/** Takes the VIP at the leader lock, before PostgreSQL may be written to. */
export const pgvipLock = variant("pgvip-lock", 100, ["--take-on", "lock"]);

/** May read PostgreSQL's control file, as docs/operating.md tells how to let it. */
export const pgvipControl: System = {
  ...variant("pgvip-control", 100, [], { readsControlFile: true }),
  about: "pgvip, which may read PostgreSQL's control file",
  arenas: ["postgres"],
};

/** The same agent, told of a new role by Patroni's callback: what `flip` alone can time. */
export const pgvipPush: System = {
  ...variant("pgvip-push", 100, []),
  about: "pgvip, with a callback of Patroni that writes a line to its FIFO; only in flip",
  arenas: ["flip"],
  hintFifo: ({ directory }) => `${directory}/notify`,
};

/** For the comparison of cadences; fail-over times do not depend on it. */
export const pgvipFastAdverts = variant("pgvip-10ms", 10, ["--advert-interval", "10ms"]);

function variant(
  name: string,
  advertEveryMs: number,
  words: readonly string[],
  rights: Pick<AgentOptions, "readsControlFile"> = {},
): System {
  const extra = ["--on-stop", "keep", ...words];
  return {
    name,
    about: `pgvip run --vip ${vipCidr} ${extra.join(" ")}`,
    usesVip: true,
    advertEveryMs,
    arenas: everywhere,
    create: () => new PgvipAgents({ vips: [vipCidr], extra, ...rights }),
  };
}
