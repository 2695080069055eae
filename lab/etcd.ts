/** A real etcd cluster of three members, as three processes on three addresses of one host. */
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";

const clientPort = 2379;
const peerPort = 2380;

export class EtcdCluster {
  /** `address:port` of each member's client side. */
  readonly endpoints: readonly string[];
  readonly #members: readonly LabProcess[];

  constructor(host: Host, addresses: readonly string[]) {
    const peers = addresses.map((address, index) => `etcd${index + 1}=http://${address}:${peerPort}`);
    this.endpoints = addresses.map((address) => `${address}:${clientPort}`);
    this.#members = addresses.map((address, index) => {
      const name = `etcd${index + 1}`;
      const peerUrl = `http://${address}:${peerPort}`;
      const clientUrl = `http://${address}:${clientPort}`;
      return host.spawn(
        "etcd",
        [
          ["--name", name],
          ["--data-dir", `${host.directory}/${name}`],
          ["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
          ["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
          ["--initial-cluster", peers.join(","), "--initial-cluster-state", "new"],
        ].flat(),
        { log: name },
      );
    });
  }

  freeze(): void {
    for (const member of this.#members) member.signal("SIGSTOP");
  }

  thaw(): void {
    for (const member of this.#members) member.signal("SIGCONT");
  }
}
