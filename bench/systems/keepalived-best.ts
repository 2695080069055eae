/**
 * The best that keepalived can honestly do today: 10 ms adverts, a down interval of one advert, and no script but a file
 * that it tracks; a small watcher beside it asks Patroni each 50 ms and writes that file.
 */
import { fileURLToPath } from "node:url";
import type { Host } from "../../lab/host.js";
import { Keepalived } from "../../lab/keepalived.js";
import type { LabProcess } from "../../lab/process.js";
import { vipCidr } from "../../lab/topology.js";
import { ProcessVipManager, type VipManager } from "../../lab/vip-manager.js";
import { everywhere, type System } from "./system.js";

const watcherProgram = fileURLToPath(new URL("watch-role.py", import.meta.url));

class RoleWatcher extends ProcessVipManager {
  readonly name = "role watcher";

  missing(): Promise<string | null> {
    return Promise.resolve(null);
  }

  protected launch(node: Host): LabProcess {
    return node.spawn("python3", [watcherProgram, roleFile(node), node.address, "0.05"], { log: "role-watcher" });
  }
}

class WatchedKeepalived implements VipManager {
  readonly name = "keepalived-best";
  readonly #watcher = new RoleWatcher();
  readonly #keepalived = new Keepalived("keepalived-best", config);

  missing(): Promise<string | null> {
    return this.#keepalived.missing();
  }

  async start(node: Host): Promise<void> {
    await this.#both((part) => part.start(node));
  }

  async stop(node: Host): Promise<void> {
    await this.#keepalived.stop(node);
    // The watcher has nothing to tidy up, and Python ends on SIGTERM at once.
    await this.#watcher.stop(node);
  }

  async kill(node: Host): Promise<void> {
    await this.#both((part) => part.kill(node));
  }

  async freeze(node: Host): Promise<void> {
    await this.#both((part) => part.freeze(node));
  }

  async thaw(node: Host): Promise<void> {
    await this.#both((part) => part.thaw(node));
  }

  processes(node: Host): readonly LabProcess[] {
    return [this.#watcher, this.#keepalived].flatMap((part) => part.processes(node));
  }

  async #both(verb: (part: ProcessVipManager) => Promise<void>): Promise<void> {
    await Promise.all([this.#watcher, this.#keepalived].map(verb));
  }
}

export const keepalivedBest: System = {
  name: "keepalived-best",
  about:
    "keepalived, VRRP 3, 10 ms adverts, down_timer_adverts 1, track_file written by a watcher that polls each 50 ms",
  usesVip: true,
  advertEveryMs: 10,
  arenas: everywhere,
  create: () => new WatchedKeepalived(),
};

function roleFile(node: Host): string {
  return `${node.directory}/keepalived-role`;
}

function config(node: Host): string {
  return `global_defs {
  router_id ${node.name}
  script_user root
  enable_script_security
  vrrp_version 3
  vrrp_rt_priority 50
  vrrp_no_swap
}

track_file patroni_role {
  file ${roleFile(node)}
  weight 0
  init_file 1 overwrite
}

vrrp_instance PGVIP {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 254
  advert_int 0.01
  down_timer_adverts 1
  promote_secondaries
  garp_master_repeat 3
  garp_master_delay 1
  garp_master_refresh 30
  higher_prio_send_advert true
  track_file { patroni_role }
  virtual_ipaddress { ${vipCidr} dev eth0 }
}
`;
}
