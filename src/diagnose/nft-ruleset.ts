/**
 * What an nftables ruleset does with VRRP (IP protocol 112), read from `nft -j list ruleset`. Rules that look at anything
 * else than protocol, group and connection state are taken for "maybe": this tells what is likely, it does not emulate the
 * kernel.
 */
import * as v from "valibot";

export type Direction = "input" | "output";

/** `mentioned`: there is a rule about VRRP, with conditions that cannot be judged here. */
export interface ChainVerdict {
  readonly chain: string;
  readonly direction: Direction;
  readonly verdict: "accepted" | "dropped" | "mentioned";
  /** Why: the rule's handle, or the policy. */
  readonly by: string;
}

const chainSchema = v.object({
  family: v.string(),
  table: v.string(),
  name: v.string(),
  hook: v.optional(v.string()),
  type: v.optional(v.string()),
  policy: v.optional(v.string()),
});
const ruleSchema = v.object({
  family: v.string(),
  table: v.string(),
  chain: v.string(),
  handle: v.optional(v.number()),
  expr: v.array(v.record(v.string(), v.unknown())),
});
const rulesetSchema = v.object({ nftables: v.array(v.record(v.string(), v.unknown())) });

type Chain = v.InferOutput<typeof chainSchema>;
type Rule = v.InferOutput<typeof ruleSchema>;
type Expression = Rule["expr"][number];
/** What a chain did with the packet; `null`: it fell through to its end. */
type Passage = { readonly verdict: ChainVerdict["verdict"]; readonly by: string } | null;

/** Jumps deeper than this are a loop, which the kernel would not have taken. */
const MAX_DEPTH = 16;
const VRRP = 112;

/** One verdict for each filter chain on the way in or out; `null` when the text is no ruleset. */
export function vrrpVerdicts(json: string): readonly ChainVerdict[] | null {
  const parsed = v.safeParse(rulesetSchema, parseJson(json));
  if (!parsed.success) return null;
  const chains = parsed.output.nftables.flatMap(({ chain }) => pick(chainSchema, chain));
  const rules = parsed.output.nftables.flatMap(({ rule }) => pick(ruleSchema, rule));
  return chains.flatMap((chain) => {
    const { hook } = chain;
    if (chain.type !== "filter" || !["ip", "inet"].includes(chain.family)) return [];
    if (hook !== "input" && hook !== "output") return [];
    const passage = walk(chain, chains, rules, 0) ?? endOf(chain);
    return [{ chain: `${chain.family} ${chain.table} ${chain.name}`, direction: hook, ...passage }];
  });
}

function endOf({ policy }: Chain): NonNullable<Passage> {
  return { verdict: policy === "drop" ? "dropped" : "accepted", by: `policy ${policy ?? "accept"}` };
}

function walk(chain: Chain, chains: readonly Chain[], rules: readonly Rule[], depth: number): Passage {
  if (depth > MAX_DEPTH) return null;
  let mentioned: Passage = null;
  for (const rule of rules.filter((one) => sameChain(one, chain))) {
    const match = matches(rule);
    const verdict = verdictOf(rule.expr);
    if (match === "no" || verdict === null) continue;
    const by = `rule ${String(rule.handle ?? "?")}`;
    if (verdict.kind === "return" && match === "yes") return mentioned;
    if (verdict.kind === "jump") {
      const target = chains.find(
        ({ family, table, name }) => family === chain.family && table === chain.table && name === verdict.target,
      );
      const inside = target === undefined ? null : walk(target, chains, rules, depth + 1);
      if (inside !== null && match === "yes") return inside;
      continue;
    }
    if (verdict.kind === "return") continue;
    if (match === "yes") return { verdict: verdict.kind, by };
    if (verdict.kind === "accepted" && isAboutVrrp(rule)) mentioned = { verdict: "mentioned", by };
  }
  return mentioned;
}

/** Whether a VRRP packet from a neighbour meets all conditions of the rule. */
function matches({ expr }: Rule): "yes" | "no" | "maybe" {
  let answer: "yes" | "maybe" = "yes";
  for (const expression of expr) {
    if ("match" in expression) {
      const one = matchesOne(expression["match"]);
      if (one === "no") return "no";
      if (one === "maybe") answer = "maybe";
    } else if (!HARMLESS.some((name) => name in expression)) {
      answer = "maybe";
    }
  }
  return answer;
}

/** Parts of a rule that are no conditions. */
const HARMLESS = ["accept", "drop", "reject", "counter", "log", "jump", "goto", "return", "comment"];

const matchSchema = v.object({ op: v.string(), left: v.record(v.string(), v.unknown()), right: v.unknown() });
const payloadSchema = v.object({ protocol: v.string(), field: v.string() });
const keySchema = v.object({ key: v.string() });

function matchesOne(value: unknown): "yes" | "no" | "maybe" {
  const parsed = v.safeParse(matchSchema, value);
  if (!parsed.success) return "maybe";
  const { op, left, right } = parsed.output;
  const [payload] = pick(payloadSchema, left["payload"]);
  const [meta] = pick(keySchema, left["meta"]);
  const [state] = pick(keySchema, left["ct"]);
  if ((payload?.protocol === "ip" && payload.field === "protocol") || meta?.key === "l4proto") {
    return (op === "!=") === contains(right, [VRRP, "vrrp"]) ? "no" : "yes";
  }
  if (payload?.protocol === "ip" && payload.field === "daddr") return contains(right, ["224.0.0.18"]) ? "yes" : "maybe";
  // The first advert of a peer is a new connection; port numbers, ICMP types and so on are not VRRP at all.
  if (state?.key === "state") return contains(right, ["new", "untracked"]) === (op !== "!=") ? "yes" : "no";
  if (payload !== undefined && ["tcp", "udp", "icmp", "icmpv6", "ip6", "th"].includes(payload.protocol)) return "no";
  if (meta?.key === "iifname" || meta?.key === "iif") return right === "lo" ? (op === "!=" ? "yes" : "no") : "maybe";
  if (meta?.key === "nfproto") return contains(right, ["ipv4"]) ? "yes" : "no";
  return "maybe";
}

function isAboutVrrp({ expr }: Rule): boolean {
  return expr.some((expression) =>
    /"right":\s*(112|"vrrp"|"224\.0\.0\.18")|\b(112|"vrrp")\b/.test(JSON.stringify(expression)),
  );
}

function verdictOf(
  expr: readonly Expression[],
): { readonly kind: "accepted" | "dropped" | "return" } | { readonly kind: "jump"; readonly target: string } | null {
  for (const expression of expr) {
    if ("accept" in expression) return { kind: "accepted" };
    if ("drop" in expression || "reject" in expression) return { kind: "dropped" };
    if ("return" in expression) return { kind: "return" };
    const [jump] = pick(v.object({ target: v.string() }), expression["jump"] ?? expression["goto"]);
    if (jump !== undefined) return { kind: "jump", target: jump.target };
  }
  return null;
}

/** A single value, or a set of them: `{ "set": [...] }`, or a plain list. */
function contains(right: unknown, wanted: readonly (string | number)[]): boolean {
  const [set] = pick(v.object({ set: v.array(v.unknown()) }), right);
  const values: readonly unknown[] = set?.set ?? (Array.isArray(right) ? right : [right]);
  return values.some((value) => wanted.some((one) => one === value));
}

function sameChain(rule: Rule, chain: Chain): boolean {
  return rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name;
}

function pick<const Schema extends v.GenericSchema>(schema: Schema, value: unknown): readonly v.InferOutput<Schema>[] {
  const parsed = v.safeParse(schema, value);
  return parsed.success ? [parsed.output] : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
