/** keepalived as a VIP manager of the lab, and with the configuration of the article that this project started from. */
import { writeFileSync } from "node:fs";
import { tryCommand } from "./command.js";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { ProcessVipManager } from "./vip-manager.js";

/** The article gives each node its own id: the two never hear each other, only the check moves the VIP. */
const routerIds: Readonly<Record<string, number>> = { pgpat1: 50, pgpat2: 51 };

export class Keepalived extends ProcessVipManager {
  readonly name: string;
  readonly #config: (node: Host) => string;

  /** `config`: the text of keepalived.conf on the node. */
  constructor(name: string, config: (node: Host) => string) {
    super();
    this.name = name;
    this.#config = config;
  }

  async missing(): Promise<string | null> {
    const { code } = await tryCommand("sh", ["-c", "command -v keepalived && command -v curl"]);
    return code === 0 ? null : "keepalived or curl is missing; run: apt-get install keepalived curl";
  }

  protected launch(node: Host): LabProcess {
    const file = `${node.directory}/keepalived.conf`;
    writeFileSync(file, this.#config(node));
    const pidFiles = ["parent", "vrrp", "checkers"].map((role) => `${node.directory}/keepalived-${role}.pid`);
    const [parent = "", vrrp = "", checkers = ""] = pidFiles;
    const args = ["--dont-fork", "--log-console", "-f", file, "-p", parent, "-r", vrrp, "-c", checkers];
    return node.spawn("keepalived", args, { log: "keepalived" });
  }
}

/** VRRP version 2, one advert a second, a `curl` to Patroni each second, another VRID on each node. */
export class ArticleKeepalived extends Keepalived {
  constructor() {
    super("keepalived (article)", ({ name, address }) => articleConfig(name, address));
  }
}

function articleConfig(name: string, address: string): string {
  const routerId = routerIds[name];
  if (routerId === undefined) throw new Error(`the article has no node ${name}`);
  return `global_defs {
  router_id ${name}
  enable_script_security
  script_user root
}

vrrp_script whosprimary {
  script "/usr/bin/curl -X GET -I --fail http://${address}:8008/primary"
  user root
}

vrrp_instance ${name.toUpperCase()} {
  state MASTER
  interface eth0
  virtual_router_id ${routerId}
  unicast_peer {
    10.186.157.60
    10.186.157.216
  }
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass ~bG7n)4?
  }
  virtual_ipaddress {
    10.186.157.199/24 dev eth0 label eth0:1
  }
  track_script {
    whosprimary
  }
  no_accept
}
`;
}
