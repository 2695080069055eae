/** Faults of the leader's Patroni, with PostgreSQL alive and writable, and of PostgreSQL itself. */
import { sleep } from "../../../lab/wait.js";
import type { Fault } from "../fault.js";
import { untouched } from "./bounds.js";
import { succeeded } from "./verbs.js";

export const patroniFaults: readonly Fault[] = [
  {
    name: "patroni-killed",
    about: "SIGKILL for Patroni; PostgreSQL stays writable, the lock runs out, another node leads",
    async act(plot) {
      await plot.stage.cluster.killPatroni(plot.leader);
      await succeeded(plot);
      await sleep(3_000);
    },
    mend: ({ stage, leader }) => stage.cluster.startPatroni(leader),
    bounds: [
      { measure: "stale", atMost: 0 },
      { measure: "bothWritable", atMost: 0 },
      { measure: "several", atMost: 0 },
      { measure: "rst", atMost: 50 },
    ],
  },
  {
    name: "patroni-restarted",
    about: "SIGKILL for Patroni, started again after 5 s",
    async act({ stage, leader }) {
      await stage.cluster.killPatroni(leader);
      await sleep(5_000);
      await stage.cluster.startPatroni(leader);
      await sleep(8_000);
    },
    bounds: untouched,
  },
  {
    name: "postgres-killed",
    about: "SIGKILL for PostgreSQL's postmaster; Patroni starts it again in place",
    async act({ stage, leader }) {
      await stage.cluster.killPostgres(leader);
      await sleep(10_000);
    },
    bounds: [
      { measure: "lost", atMost: 0 },
      { measure: "takes", atMost: 0 },
    ],
  },
  {
    name: "patroni-frozen",
    about: "SIGSTOP for Patroni; PostgreSQL stays writable, the lock runs out, another node leads; then SIGCONT",
    async act(plot) {
      const { stage, leader, mark } = plot;
      stage.cluster.freezePatroni(leader);
      await succeeded(plot);
      await sleep(2_000);
      mark("thawed");
      stage.cluster.thawPatroni(leader);
      await sleep(3_000);
    },
    bounds: [
      { measure: "stale", atMost: 0 },
      { measure: "bothWritable", atMost: 0 },
      { measure: "spoken", atMost: 0 },
    ],
  },
];
