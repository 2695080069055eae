/**
 * vip-manager (github.com/cybertec-postgresql/vip-manager), a version with its `patroni` mode (2.0 or newer), given by
 * its path; docs/benchmark.md tells where to get it. Debian's package of the name is 1.0.2, which reads the leader key by
 * etcd's version 2 protocol; a cluster whose Patroni uses version 3 does not write that.
 */
import { tryCommand } from "../../lab/command.js";
import type { Host } from "../../lab/host.js";
import type { LabProcess } from "../../lab/process.js";
import { dcsAddresses, vip } from "../../lab/topology.js";
import { ProcessVipManager } from "../../lab/vip-manager.js";
import { everywhere, type System } from "./system.js";

type Mode = "patroni" | "etcd3";

class VipManagerProgram extends ProcessVipManager {
  readonly name: string;
  readonly #program: string;
  readonly #mode: Mode;

  constructor(program: string, mode: Mode) {
    super();
    this.name = `vip-manager-${mode}`;
    this.#program = program;
    this.#mode = mode;
  }

  async missing(): Promise<string | null> {
    const { stdout, stderr } = await tryCommand(this.#program, ["--help"]);
    const understands = (stdout + stderr).includes(this.#mode === "patroni" ? "patroni" : "etcd");
    return understands ? null : `${this.#program} is no vip-manager that knows the mode ${this.#mode}`;
  }

  protected launch(node: Host): LabProcess {
    const asked =
      this.#mode === "patroni"
        ? ["--dcs-endpoints", `http://${node.address}:8008`, "--trigger-key", "/leader", "--trigger-value", "200"]
        : [
            ...["--dcs-endpoints", dcsAddresses.map((address) => `http://${address}:2379`).join(",")],
            ...["--trigger-key", "/service/demo/leader", "--trigger-value", node.name],
          ];
    const args = ["--ip", vip, "--netmask", "24", "--interface", "eth0", "--dcs-type", this.#mode, ...asked];
    return node.spawn(this.#program, args, { log: "vip-manager" });
  }
}

/** Both of its ways to learn who leads; other settings are its defaults (interval 1000 ms). */
export function vipManagers(program: string): readonly System[] {
  return (["patroni", "etcd3"] as const).map((mode) => ({
    name: `vip-manager-${mode}`,
    about: `vip-manager, --dcs-type ${mode}, otherwise its defaults`,
    usesVip: true,
    advertEveryMs: null,
    arenas: mode === "etcd3" ? ["postgres"] : everywhere,
    create: () => new VipManagerProgram(program, mode),
  }));
}
