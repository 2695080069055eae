/**
 * vip-manager's configuration as one of pgvip: its YAML, or the environment file of Debian's units (/etc/default/vip-manager),
 * with the names of all its versions. It holds one VIP, which follows a key in the DCS, or a health check of Patroni (from
 * version 3 on).
 */
import { parse } from "yaml";
import { PgvipError } from "../errors.js";
import type { Draft, PatroniInput, VipInput } from "./draft.js";
import type { Finding } from "./findings.js";
import { patroniCheckOf } from "./patroni-check.js";

/** Names of its first versions, which it still takes, and what they are called since. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  key: "trigger-key",
  nodename: "trigger-value",
  host: "trigger-value",
  mask: "netmask",
  iface: "interface",
  type: "dcs-type",
  "endpoint-type": "dcs-type",
  endpoint: "dcs-endpoints",
  endpoints: "dcs-endpoints",
  "hosting-type": "manager-type",
  hostingtype: "manager-type",
};

const NOT_NEEDED: Readonly<Record<string, string>> = {
  interval: "pgvip asks Patroni ten times a second; see poll_interval",
  "retry-num": "pgvip announces a VIP on a schedule of its own, and says so when the kernel refuses it",
  "retry-after": "the same",
  verbose: "see log_level",
  "trigger-value": "pgvip asks the Patroni of its own node, so the node's name does not matter",
};

export function readVipManager(text: string, file: string): Draft {
  const settings = settingsOf(text, file);
  const ip = settings.get("ip");
  if (ip === undefined) throw new PgvipError("CONFIG", `${file}: no ip; wanted vip-manager's YAML with the VIP in it`);
  const reader = new Reader(settings, file);
  const vip: VipInput = {
    address: `${ip}/${reader.prefixLength(ip)}`,
    ...(settings.get("interface") === undefined ? {} : { interface: settings.get("interface") ?? "" }),
    ...reader.role(),
  };
  reader.rest();
  const note = "the Patroni of the node itself; this file goes to every node";
  return {
    patroni: { settings: reader.patroni(), notes: { url: note } },
    vips: [{ heading: file, settings: vip, notes: {} }],
    findings: reader.findings,
  };
}

class Reader {
  readonly findings: Finding[] = [];
  readonly #settings: ReadonlyMap<string, string>;
  readonly #file: string;

  constructor(settings: ReadonlyMap<string, string>, file: string) {
    this.#settings = settings;
    this.#file = file;
  }

  /** Without one, or with -1, vip-manager takes that of the address's class, from before there were prefix lengths. */
  prefixLength(ip: string): string {
    const netmask = this.#get("netmask");
    if (Number(netmask) > 0) return netmask;
    const first = Number(ip.split(".")[0]);
    const length = ip.includes(":") ? 128 : first < 128 ? 8 : first < 192 ? 16 : 24;
    const why = `vip-manager takes ${String(length)} from the class of ${ip}; say how long the prefix of its subnet is`;
    this.#find("byHand", "no netmask", why);
    return String(length);
  }

  patroni(): PatroniInput {
    const scope = this.#asksPatroni() ? undefined : /([^/]+)\/leader$/.exec(this.#get("trigger-key"))?.[1];
    const endpoint = this.#get("dcs-endpoints").split(",")[0] ?? "";
    const url = this.#asksPatroni() && URL.canParse(endpoint) ? new URL(endpoint).origin : "http://127.0.0.1:8008";
    return { url, ...(scope === undefined ? {} : { scope }) };
  }

  /** Without Patroni the key is that of the leader lock, unless it is another's. */
  role(): Pick<VipInput, "role"> {
    const key = this.#get("trigger-key");
    if (this.#asksPatroni()) {
      const check = patroniCheckOf(`curl http://127.0.0.1:8008/${key.replace(/^\//, "")}`);
      if (check === null)
        this.#find("byHand", `trigger-key ${key}`, "Patroni has no health check of this name for a role");
      return check === null || check.role === "primary" ? {} : { role: check.role };
    }
    if (!/\/leader$/.test(key)) {
      this.#find(
        "byHand",
        `trigger-key ${key}`,
        "it is not a leader key of Patroni; the VIP is taken to follow the primary",
      );
    }
    return {};
  }

  rest(): void {
    for (const [name, value] of this.#settings) {
      const why = NOT_NEEDED[name];
      if (why !== undefined) this.#find("notNeeded", name, why);
      else if (/^(dcs-type|dcs-endpoints|etcd-|consul-)/.test(name)) {
        if (!this.#asksPatroni())
          this.#find("notNeeded", name, "pgvip asks Patroni, and nobody needs access to the DCS");
      } else if (name === "manager-type" && value !== "basic") {
        const manager = "addresses of a hosting provider's API are not moved by ARP, and pgvip does not call it";
        this.#find("byHand", `${name} ${value}`, manager);
      } else if (!TRANSLATED.has(name)) this.#find("byHand", `${name} ${value}`, "this import does not know it");
    }
  }

  #asksPatroni(): boolean {
    return this.#get("dcs-type") === "patroni";
  }

  #get(name: string): string {
    return this.#settings.get(name) ?? "";
  }

  #find(kind: Finding["kind"], what: string, why: string): void {
    this.findings.push({ kind, places: [this.#file], what, why });
  }
}

const TRANSLATED: ReadonlySet<string> = new Set(["ip", "netmask", "interface", "trigger-key", "manager-type"]);

/** All settings by their newest names; hyphens and underscores are one, and what is empty says nothing. */
function settingsOf(text: string, file: string): ReadonlyMap<string, string> {
  const entries = environmentOf(text) ?? yamlOf(text, file);
  return new Map(
    entries.flatMap(([key, value]) => {
      const name = key.replaceAll("_", "-");
      return value === "" ? [] : [[OLD_NAMES[name] ?? name, value] as const];
    }),
  );
}

type Entries = readonly (readonly [key: string, value: string])[];

/** `VIP_IP="192.0.2.10"`, as systemd reads it; `null` when no line is one. */
function environmentOf(text: string): Entries | null {
  const lines = [...text.matchAll(/^\s*(?:export\s+)?VIP_(\w+)=(?:"([^"]*)"|'([^']*)'|(.*?))\s*$/gm)];
  if (lines.length === 0) return null;
  return lines.map(([, name = "", double, single, bare]) => [name.toLowerCase(), double ?? single ?? bare ?? ""]);
}

function yamlOf(text: string, file: string): Entries {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new PgvipError("CONFIG", `${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new PgvipError(
      "CONFIG",
      `${file}: no settings; wanted vip-manager's YAML, such as ip: 192.0.2.10, or lines such as VIP_IP=192.0.2.10`,
    );
  }
  return Object.entries(content).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.join(",") : value === null ? "" : String(value),
  ]);
}
