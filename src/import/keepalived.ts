/**
 * What a keepalived.conf says about VIPs: its instances and the checks that they track (keepalived.conf(5)). What no VIP
 * depends on becomes a finding, so that no line is passed over in silence.
 */
import type { Finding } from "./findings.js";
import type { Statement } from "./keepalived-blocks.js";
import { type SignatureSettings, signaturesOf } from "./keepalived-signatures.js";
import { type PatroniCheck, patroniCheckOf } from "./patroni-check.js";

export interface Address {
  readonly cidr: string;
  readonly device: string | null;
  readonly label: string | null;
}

export interface Instance {
  readonly name: string;
  readonly place: string;
  readonly addresses: readonly Address[];
  readonly device: string | null;
  readonly routerId: number | null;
  readonly priority: number | null;
  readonly isMaster: boolean;
  readonly version: 2 | 3;
  /** Seconds, as written. */
  readonly advertInt: string | null;
  readonly password: string | null;
  readonly signatures: SignatureSettings;
  readonly peers: readonly string[];
  readonly source: string | null;
  readonly noPreempt: boolean;
  readonly preemptDelay: string | null;
  readonly virtualMac: boolean;
  /** The check that asks Patroni for a role, of those that it tracks. */
  readonly check: PatroniCheck | null;
}

export interface Keepalived {
  readonly instances: readonly Instance[];
  readonly findings: readonly Finding[];
}

export function readKeepalived(statements: readonly Statement[]): Keepalived {
  const reader = new Reader(statements);
  const instances = blocksOf(statements, "vrrp_instance").map((block) => reader.instance(block));
  reader.others(statements);
  return { instances, findings: reader.findings };
}

/** The words of an instance that change nothing about where a VIP is, or that pgvip does by itself. */
const NOT_NEEDED: Readonly<Record<string, string>> = {
  garp_master_delay: "pgvip announces at once, and again on a schedule of its own",
  garp_master_repeat: "the same",
  garp_master_refresh: "the same",
  garp_master_refresh_repeat: "the same",
  garp_lower_prio_delay: "the same",
  garp_lower_prio_repeat: "the same",
  accept: "pgvip never drops what is sent to the VIP",
  track_interface: "the link is watched anyway",
  dont_track_primary: "the link is watched anyway",
  strict_mode: "pgvip's packets follow RFC 9568 as they are",
  debug: "see log_level",
  mcast_src_ip: "the address of the interface is used",
  native_ipv6: "IPv6 is used for the IPv6 addresses",
  skip_check_adv_addr: "every packet is checked",
  version: "",
};

const BY_HAND: Readonly<Record<string, string>> = {
  vmac_xmit_base: "adverts leave by the interface that has the virtual MAC",
  virtual_routes: "pgvip sets no routes",
  virtual_rules: "pgvip sets no rules",
  track_file: "a file cannot be tracked; what writes it can call pgvip notify",
  track_process: "Patroni knows whether PostgreSQL runs; other processes are not watched",
  track_bfd: "BFD is not spoken",
  lvs_sync_daemon: "LVS stays with keepalived",
  notify: "see on_acquire, on_release and on_fault; the program gets its event on standard input",
  notify_master: "see on_acquire",
  notify_backup: "see on_release",
  notify_fault: "see on_fault",
  notify_stop: "see on_release",
  smtp_alert: "pgvip sends no mail; see metrics and on_fault",
};

class Reader {
  readonly findings: Finding[] = [];
  readonly #scripts: ReadonlyMap<string, Statement>;
  readonly #globals: readonly Statement[];
  readonly #syncGroups: readonly (readonly Statement[])[];

  constructor(statements: readonly Statement[]) {
    this.#scripts = new Map(blocksOf(statements, "vrrp_script").map((block) => [block.words[1] ?? "", block]));
    this.#syncGroups = blocksOf(statements, "vrrp_sync_group").map(({ block }) => block ?? []);
    this.#globals = blocksOf(statements, "global_defs").flatMap(({ block }) => block ?? []);
  }

  instance({ words, place, block }: Statement): Instance {
    const lines = block ?? [];
    for (const line of lines) this.#judge(line);
    const value = (word: string): string | null => lines.find((line) => line.words[0] === word)?.words[1] ?? null;
    const has = (word: string): boolean => lines.some((line) => line.words[0] === word);
    const state = value("state");
    return {
      name: words[1] ?? "",
      place,
      addresses: ["virtual_ipaddress", "virtual_ipaddress_excluded"]
        .flatMap((block) => inBlock(lines, block))
        .map((line) => this.#address(line)),
      device: value("interface"),
      routerId: numberOf(value("virtual_router_id")),
      priority: numberOf(value("priority")),
      isMaster: state === "MASTER",
      version: (value("version") ?? this.#global("vrrp_version")) === "3" ? 3 : 2,
      advertInt: value("advert_int") ?? this.#global("default_advert_int"),
      password: this.#password(lines),
      signatures: signaturesOf(inBlock(lines, "auth_hmac"), (...finding) => {
        this.#find(...finding);
      }),
      peers: inBlock(lines, "unicast_peer").map(({ words: [peer] }) => peer),
      source: value("unicast_src_ip"),
      noPreempt: has("nopreempt"),
      preemptDelay: value("preempt_delay"),
      virtualMac: has("use_vmac"),
      check: this.#check([...inBlock(lines, "track_script"), ...this.#trackedByGroup(words[1] ?? "")]),
    };
  }

  /** Everything outside the instances. */
  others(statements: readonly Statement[]): void {
    for (const { words, place, block } of statements) {
      const [kind, name = ""] = words;
      const what = `${kind} ${name}`.trim();
      if (kind === "vrrp_instance" || kind === "vrrp_script") continue;
      if (kind === "global_defs") for (const line of block ?? []) this.#globalLine(line);
      else if (kind === "vrrp_sync_group") this.#syncGroup(what, place, block ?? []);
      else {
        const nothing = "pgvip has nothing like it; keepalived can go on doing this";
        this.#find("byHand", place, what, BY_HAND[kind.replace("vrrp_track", "track")] ?? nothing);
      }
    }
  }

  #syncGroup(what: string, place: string, lines: readonly Statement[]): void {
    this.#find("notNeeded", place, what, "VIPs of one role follow the same word of Patroni, and move together");
    for (const line of lines) if (line.words[0] !== "group") this.#judge(line);
  }

  /** What the sync groups of an instance check, each of its instances depends on. */
  #trackedByGroup(instance: string): readonly Statement[] {
    return this.#syncGroups
      .filter((lines) => inBlock(lines, "group").some(({ words }) => words.includes(instance)))
      .flatMap((lines) => inBlock(lines, "track_script"));
  }

  #judge({ words, place }: Statement): void {
    const [word] = words;
    const what = words.join(" ");
    const byHand = BY_HAND[word];
    const notNeeded = NOT_NEEDED[word];
    if (word === "no_accept")
      this.#find(
        "wrong",
        place,
        what,
        "it has a firewall drop what clients send to the VIP, PostgreSQL's port as well",
      );
    else if (byHand !== undefined) this.#find("byHand", place, what, byHand);
    else if (notNeeded !== undefined) this.#find("notNeeded", place, word, notNeeded);
    else if (!TRANSLATED.has(word)) this.#find("byHand", place, what, "this import does not know it");
  }

  #globalLine({ words, place }: Statement): void {
    const [word] = words;
    if (word === "vrrp_version" || word === "default_advert_int") return;
    const isMail = word.startsWith("smtp") || word.startsWith("notification_email");
    this.#find(
      "notNeeded",
      place,
      word,
      isMail ? "pgvip sends no mail; see metrics and on_fault" : "it is about keepalived itself",
    );
  }

  #global(word: string): string | null {
    return this.#globals.find(({ words }) => words[0] === word)?.words[1] ?? null;
  }

  #password(lines: readonly Statement[]): string | null {
    const authentication = inBlock(lines, "authentication");
    const type = authentication.find(({ words }) => words[0] === "auth_type");
    const password = authentication.find(({ words }) => words[0] === "auth_pass")?.words[1] ?? null;
    if (type?.words[1] === "AH") {
      this.#find("byHand", type.place, "auth_type AH", "IPsec AH is not spoken; let all nodes use PASS or none first");
      return null;
    }
    // The packet has room for eight bytes, and keepalived cuts what is longer.
    return password === null ? null : password.slice(0, 8);
  }

  /** `10.0.0.1/24 dev eth0 label eth0:1`; without a prefix length keepalived takes the address alone. */
  #address({ words, place }: Statement): Address {
    const [address, ...options] = words;
    const found = new Map<string, string>();
    for (let index = 0; index < options.length; index += 2) found.set(options[index] ?? "", options[index + 1] ?? "");
    for (const [option, value] of found) {
      if (option === "dev" || option === "label") continue;
      const what = `${option} ${value}`.trim();
      if (option === "brd" || option === "broadcast" || what === "scope global")
        this.#find("notNeeded", place, what, "a VIP needs no broadcast address, and has global scope");
      else this.#find("byHand", place, what, `pgvip does not set this of the address ${address}`);
    }
    const cidr = address.includes("/") ? address : `${address}/${address.includes(":") ? "128" : "32"}`;
    return { cidr, device: found.get("dev") ?? null, label: found.get("label") ?? null };
  }

  /** Checks that ask Patroni become the role; the others are named. */
  #check(tracked: readonly Statement[]): PatroniCheck | null {
    let found: PatroniCheck | null = null;
    for (const { words, place } of tracked) {
      const [name] = words;
      const script = this.#scripts.get(name);
      const line = script?.block?.find((one) => one.words[0] === "script");
      const command = line?.words.slice(1).join(" ") ?? "";
      const check = patroniCheckOf(command);
      if (script === undefined || line === undefined) {
        this.#find("wrong", place, `track_script ${name}`, "no vrrp_script has this name, so nothing was checked");
      } else if (check === null) {
        const why = `it runs ${command}, which asks Patroni for no role; pgvip watches nothing but Patroni`;
        this.#find("byHand", script.place, `vrrp_script ${name}`, why);
      } else {
        found ??= check;
        this.#patroniScript(name, script);
      }
    }
    return found;
  }

  #patroniScript(name: string, script: Statement): void {
    const every = script.block?.find(({ words }) => words[0] === "interval")?.words[1] ?? "1";
    const why = `a program is started each ${every} s, and a change is noticed that much later; pgvip asks Patroni itself, ten times a second`;
    this.#find("notNeeded", script.place, `vrrp_script ${name}`, why);
  }

  #find(kind: Finding["kind"], place: string, what: string, why: string): void {
    this.findings.push({ kind, places: [place], what, why });
  }
}

/** The words of an instance that become settings. */
const TRANSLATED: ReadonlySet<string> = new Set([
  "state",
  "interface",
  "virtual_router_id",
  "priority",
  "advert_int",
  "authentication",
  "auth_hmac",
  "unicast_peer",
  "unicast_src_ip",
  "virtual_ipaddress",
  "virtual_ipaddress_excluded",
  "track_script",
  "nopreempt",
  "preempt_delay",
  "use_vmac",
]);

function blocksOf(statements: readonly Statement[], kind: string): readonly Statement[] {
  return statements.filter(({ words, block }) => words[0] === kind && block !== null);
}

function inBlock(lines: readonly Statement[], kind: string): readonly Statement[] {
  return blocksOf(lines, kind).flatMap(({ block }) => block ?? []);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
