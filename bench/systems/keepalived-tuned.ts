/** keepalived as a careful administrator would tune it without other programs: fast adverts, the check stays a script. */
import { Keepalived } from "../../lab/keepalived.js";
import { vipCidr } from "../../lab/topology.js";
import { everywhere, type System } from "./system.js";

export const keepalivedTuned: System = {
  name: "keepalived-tuned",
  about: "keepalived, VRRP 3, 50 ms adverts, one VRID, curl each second",
  usesVip: true,
  advertEveryMs: 50,
  arenas: everywhere,
  create: () =>
    new Keepalived(
      "keepalived-tuned",
      ({ name, address }) => `global_defs {
  router_id ${name}
  script_user root
  enable_script_security
  vrrp_version 3
  vrrp_rt_priority 50
}

vrrp_script patroni_primary {
  script "/usr/bin/curl -s -f -o /dev/null -m 1 -I http://${address}:8008/primary"
  interval 1
  timeout 1
  rise 1
  fall 1
}

vrrp_instance PGVIP {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority 254
  advert_int 0.05
  garp_master_repeat 3
  garp_master_delay 1
  track_script { patroni_primary }
  virtual_ipaddress { ${vipCidr} dev eth0 }
}
`,
    ),
};
