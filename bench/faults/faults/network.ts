/** The world around the agent moves: network, interface, the whole host, the DCS. */
import { writeFileSync } from "node:fs";
import { vipCidr } from "../../../lab/topology.js";
import { sleep } from "../../../lab/wait.js";
import type { Fault } from "../fault.js";
import { untouched } from "./bounds.js";
import { leaderHost, startManager, succeeded } from "./verbs.js";

const neverTwo = [
  { measure: "stale", atMost: 0 },
  { measure: "several", atMost: 0 },
  { measure: "bothWritable", atMost: 0 },
] as const;

/** More than the messages about them that the kernel keeps for a listener. */
const manyAddresses = Array.from(
  { length: 4_000 },
  (_, index) => `address add 10.8.${Math.floor(index / 250)}.${(index % 250) + 1}/32 dev lo\n`,
);

export const networkFaults: readonly Fault[] = [
  {
    name: "vip-deleted",
    about: "somebody runs `ip address delete` for the VIP on the leader",
    async act(plot) {
      await leaderHost(plot).exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
      await leaderHost(plot).exec("ip", ["address", "delete", vipCidr.replace("/24", "/32"), "dev", "eth0"]);
      await sleep(6_000);
    },
    bounds: [{ measure: "vacant", atMost: 50 }],
  },
  {
    name: "netlink-overrun",
    about:
      "the VIP is deleted among 4000 other changes of addresses, of which the kernel can tell the VIP manager only some",
    async act(plot) {
      const host = leaderHost(plot);
      const batch = `${host.directory}/addresses`;
      writeFileSync(batch, manyAddresses.join(""));
      await plot.stage.manager.freeze(host);
      await host.exec("ip", ["-batch", batch]);
      await host.exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
      await host.exec("ip", ["address", "delete", vipCidr.replace("/24", "/32"), "dev", "eth0"]);
      await plot.stage.manager.thaw(host);
      plot.mark("mended");
      await sleep(6_000);
    },
    async mend(plot) {
      await leaderHost(plot).exec("ip", ["address", "flush", "dev", "lo", "to", "10.8.0.0/16"]);
    },
    bounds: [{ measure: "back", atMost: 1_000 }],
  },
  {
    name: "link-down",
    about: "the leader's cable is out for 2 s",
    async act(plot) {
      await leaderHost(plot).linkDown();
      await sleep(2_000);
      await leaderHost(plot).linkUp();
      plot.mark("mended");
      await sleep(6_000);
    },
    bounds: [
      { measure: "back", atMost: 1_000 },
      { measure: "several", atMost: 0 },
    ],
  },
  {
    name: "interface-replaced",
    about: "the leader's interface is removed and made anew 1 s later",
    async act(plot) {
      await leaderHost(plot).removeInterface();
      await sleep(1_000);
      await leaderHost(plot).addInterface();
      plot.mark("mended");
      await sleep(8_000);
    },
    bounds: [
      { measure: "back", atMost: 1_500 },
      { measure: "several", atMost: 0 },
    ],
  },
  {
    name: "partition",
    about: "the leader is cut off from everybody, another node leads, then the network heals",
    async act(plot) {
      await leaderHost(plot).cut();
      await succeeded(plot);
      await sleep(3_000);
      plot.mark("thawed");
      await leaderHost(plot).heal();
      await sleep(5_000);
    },
    bounds: [...neverTwo, { measure: "spoken", atMost: 0 }],
  },
  clockStep("clock-forward", "an hour forward", 3_600_000, "SIGWINCH", "SIGPWR"),
  clockStep("clock-back", "an hour back", -3_600_000, "SIGPWR", "SIGWINCH"),
  {
    name: "host-suspended",
    about: "every process of the leader's host stands still for 5 s",
    async act(plot) {
      await leaderHost(plot).freezeAll();
      await sleep(5_000);
      plot.mark("mended");
      await leaderHost(plot).thawAll();
      await sleep(5_000);
    },
    bounds: [
      { measure: "gone", atMost: 3_500 },
      { measure: "several", atMost: 0 },
      { measure: "back", atMost: 1_500 },
    ],
  },
  {
    name: "host-suspended-long",
    about: "the same until another node leads, and 3 s more",
    async act(plot) {
      await leaderHost(plot).freezeAll();
      await succeeded(plot);
      await sleep(3_000);
      plot.mark("thawed");
      await leaderHost(plot).thawAll();
      await sleep(5_000);
    },
    bounds: [...neverTwo, { measure: "spoken", atMost: 0 }],
  },
  {
    name: "host-killed",
    about: "power cut for the leader's host",
    hostKilled: true,
    async act(plot) {
      await plot.stage.cluster.killHost(plot.leader);
      await succeeded(plot);
      await sleep(2_000);
    },
    async mend(plot) {
      // A host that boots has no addresses but its own.
      await leaderHost(plot).exec("ip", ["address", "delete", vipCidr, "dev", "eth0"]);
      await plot.stage.cluster.reviveHost(plot.leader);
      await startManager(plot);
    },
    bounds: [
      { measure: "vacant", atMost: 250 },
      { measure: "bothWritable", atMost: 0 },
    ],
  },
];

/** Somebody sets the leader's wall clock, and after 10 s sets it right. */
function clockStep(name: string, about: string, byMs: number, step: NodeJS.Signals, back: NodeJS.Signals): Fault {
  return {
    name,
    about: `the wall clock of the leader's host steps ${about}, and 10 s later the other way`,
    backend: "stand-in",
    needs: "hooks",
    async act({ stage, standIn, leader, mark }) {
      const set = (signal: NodeJS.Signals, clockMs: number): void => {
        for (const process of stage.manager.processes(stage.cluster.node(leader))) process.signal(signal);
        standIn().stepClock(leader, clockMs);
      };
      set(step, byMs);
      await sleep(10_000);
      set(back, 0);
      mark("mended");
      await sleep(5_000);
    },
    bounds: untouched,
  };
}

const dcsDownMs = 60_000;

export const dcsFaults: readonly Fault[] = [
  {
    name: "dcs-down",
    about: "the DCS is frozen for 60 s, failsafe_mode off: Patroni demotes the leader",
    async act({ stage, mark }) {
      stage.cluster.freezeDcs();
      await sleep(dcsDownMs);
      stage.cluster.thawDcs();
      mark("mended");
      await stage.cluster.leader();
      await sleep(3_000);
    },
    bounds: [...neverTwo, { measure: "back", atMost: 20_000 }],
  },
  {
    name: "dcs-down-failsafe",
    about: "the DCS is frozen for 60 s, failsafe_mode on: the leader stays",
    backend: "postgres",
    failsafe: true,
    async act({ stage, mark }) {
      stage.cluster.freezeDcs();
      await sleep(dcsDownMs);
      stage.cluster.thawDcs();
      mark("mended");
      await sleep(10_000);
    },
    bounds: untouched,
  },
];
