/** Whether VRRP (IP protocol 112) gets in and out: by what was seen, and by the rules of this host. */
import type { Evidence, GroupEvidence, NetworkEvidence, PeerEvidence } from "../evidence.js";
import { type Said, passed, problem, skipped } from "../finding.js";
import { type ChainVerdict, type Direction, vrrpVerdicts } from "../nft-ruleset.js";

const MEND: Readonly<Record<Direction, string>> = {
  input:
    "nft insert rule inet filter input meta l4proto vrrp accept (the chain named here), or in firewalld a rich rule with protocol value=vrrp",
  output: "let IP protocol 112 out: nft insert rule inet filter output meta l4proto vrrp accept (the chain named here)",
};
const WHY: Readonly<Record<Direction, string>> = {
  input: "this node does not hear the holder, so it takes a hand-over for a failure and notices a second holder late",
  output: "the peers do not hear this node when it holds the VIP: they cannot tell that somebody still answers for it",
};

/** An advert that the link layer shows and that the agent's kind of socket never got was dropped in between. */
export function seenDropping({ network }: Evidence): readonly Said[] {
  if (network === null) return [skipped("the network could not be listened to")];
  const said = network.groups.flatMap((group) => {
    const arrived = advertsFromOthers(group, network);
    if (arrived === 0 || group.advertsReceived > 0) return [];
    return [
      problem(
        "error",
        `${String(arrived)} adverts arrived at the interface, and none came through this host's firewall`,
        {
          why: WHY.input,
          mend: MEND.input,
        },
      ),
    ];
  });
  const received = network.groups.reduce((sum, group) => sum + group.advertsReceived, 0);
  if (said.length > 0) return said;
  return received > 0
    ? [passed("adverts of others come through this host's firewall")]
    : [skipped("no advert of others was there to try it with")];
}

export function rules({ firewall }: Evidence): readonly Said[] {
  switch (firewall.kind) {
    case "unknown":
      return [skipped(firewall.text)];
    case "iptables":
      return legacyRules(firewall.text);
    case "nft": {
      const verdicts = vrrpVerdicts(firewall.json);
      if (verdicts === null) return [skipped("the output of nft could not be read")];
      const said = verdicts.flatMap(judge);
      return said.length > 0 ? said : [passed("no nftables rule of this host drops IP protocol 112")];
    }
  }
}

function judge({ chain, direction, verdict, by }: ChainVerdict): readonly Said[] {
  if (verdict !== "dropped") return [];
  return [
    problem("error", `the nftables chain "${chain}" drops IP protocol 112 (${by})`, {
      why: WHY[direction],
      mend: MEND[direction],
    }),
  ];
}

/** Policies and rules of the legacy tables, without following user-defined chains. */
function legacyRules(text: string): readonly Said[] {
  const said = (["input", "output"] as const).flatMap((direction) => {
    const chain = direction.toUpperCase();
    const isDropped = new RegExp(`^:${chain} (DROP|REJECT)`, "m").test(text);
    const isLetThrough = new RegExp(`^-A \\S+ .*-p (112|vrrp)\\b.*-j ACCEPT`, "m").test(text);
    if (!isDropped || isLetThrough) return [];
    return [
      problem("warning", `the iptables chain ${chain} drops what no rule accepts, and no rule names protocol 112`, {
        why: WHY[direction],
        mend: `iptables -I ${chain} -p 112 -j ACCEPT`,
      }),
    ];
  });
  return said.length > 0 ? said : [passed("no iptables policy of this host drops IP protocol 112")];
}

export function peers({ peers: tried }: Evidence): readonly Said[] {
  if (tried.length === 0) return [skipped("Patroni named no other member to try")];
  return tried.map(judgePeer);
}

function judgePeer({ name, address, outcome }: PeerEvidence): Said {
  const peer = `${name} (${address})`;
  switch (outcome.kind) {
    case "silent":
      return skipped(
        `${peer} says nothing to IP protocol 112: it listens, or drops it without a word; run doctor there`,
      );
    case "nobodyListens":
      return problem("advice", `${peer} is reached, and no program listens for adverts there`, {
        why: "without an agent on it that member can neither take the VIP nor be told about it",
        mend: "start pgvip on that node",
      });
    case "prohibited":
      return problem(
        "error",
        `a firewall refuses IP protocol 112 to ${peer} (ICMP unreachable, code ${String(outcome.code)})`,
        {
          why: "that node does not hear this one",
          mend: `let IP protocol 112 in on ${name}, and through whatever is between`,
        },
      );
    case "notSent":
      return problem("error", `a packet of IP protocol 112 to ${peer} did not leave this host: ${outcome.text}`, {
        why: WHY.output,
        mend: "look at this host's firewall (output) and at its route to that member",
      });
    case "notTried":
      return skipped(`${peer}: ${outcome.text}`);
  }
}

function advertsFromOthers({ sightings }: GroupEvidence, { addresses }: NetworkEvidence): number {
  const own = new Set(addresses.map(({ address }) => address));
  const forUs = (destination: string): boolean =>
    destination === "224.0.0.18" || destination === "ff02::12" || own.has(destination);
  return sightings.filter(
    (sighting) => sighting.kind === "advert" && !own.has(sighting.header.source) && forUs(sighting.header.destination),
  ).length;
}
