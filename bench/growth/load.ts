/**
 * So many groups with so many VIPs each, as pgvip and keepalived are told. Both send VRRPv3 adverts each 100 ms; the first
 * node leads. keepalived asks Patroni by one `curl` a second, which all its instances share. Pure.
 */
export interface Load {
  readonly groups: number;
  /** In each group. */
  readonly vips: number;
}

export const advertEveryMs = 100;

/** Virtual router IDs are a byte. */
export const mostGroups = 255;
/** What fits into one advert of 1,500 bytes is more; nobody needs it. */
export const mostVips = 250;

export function vipsOf({ groups, vips }: Load): string[][] {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  return numbers(groups).map((group) => numbers(vips).map((vip) => `10.187.${String(group)}.${String(vip)}/32`));
}

export function pgvipYaml(load: Load): string {
  const groups = vipsOf(load).map((vips, index) => {
    return `  - { address: [${vips.join(", ")}], interface: eth0, router_id: ${String(index + 1)} }`;
  });
  return `vips:\n${groups.join("\n")}\n`;
}

export function keepalivedConf(load: Load, node: { readonly name: string; readonly address: string }): string {
  const instances = vipsOf(load).map(
    (vips, index) => `vrrp_instance G${String(index + 1)} {
  state BACKUP
  interface eth0
  virtual_router_id ${String(index + 1)}
  priority 200
  advert_int ${String(advertEveryMs / 1000)}
  track_script { patroni_primary }
  virtual_ipaddress {
    ${vips.map((vip) => `${vip} dev eth0`).join("\n    ")}
  }
}`,
  );
  return `global_defs {
  router_id ${node.name}
  script_user root
  enable_script_security
  vrrp_version 3
  vrrp_rt_priority 50
  vrrp_rlimit_rttime 1000000
}

vrrp_script patroni_primary {
  script "/usr/bin/curl -s -f -o /dev/null -m 1 -I http://${node.address}:8008/primary"
  interval 1
  timeout 1
  rise 1
  fall 1
}

${instances.join("\n\n")}
`;
}
