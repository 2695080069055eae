/**
 * The agent: puts network, Patroni, groups and control socket together, and takes them apart in order.
 *
 * The composition root: it may import everything; nothing but cli.ts imports it.
 */
import { unreachable } from "./assert.js";
import type { Config, GroupConfig } from "./config/config.js";
import { resolveInterface } from "./config/interface.js";
import type { DcsSettings, Member as ClusterMember } from "./core/observation.js";
import { deriveRouterId } from "./core/router-id.js";
import { PgvipError } from "./errors.js";
import type { Logger } from "./log.js";
import type { Clock } from "./ports/clock.js";
import type { Network, NetworkEvent } from "./ports/network.js";
import type { Patroni } from "./ports/patroni.js";
import { missingCapabilities } from "./shell/capabilities.js";
import { type ControlServer, serveControl } from "./shell/control-socket.js";
import { GroupLog } from "./shell/group-log.js";
import { GroupRunner, failureText } from "./shell/group-runner.js";
import { Interfaces } from "./shell/interfaces.js";
import { Journal } from "./shell/journal.js";
import { openNetwork } from "./shell/native-network.js";
import { Orders } from "./shell/orders.js";
import { PacketDesk } from "./shell/packet-desk.js";
import { openPatroni } from "./shell/patroni-http.js";
import { PatroniWatch, WATCH_TIMEOUT_MS, memberAddresses } from "./shell/patroni-watch.js";
import { place } from "./shell/placing.js";
import { statusOf } from "./shell/status-source.js";
import { systemClock } from "./shell/system-clock.js";
import { Supervisor } from "./shell/native-systemd.js";
import { type Vrid, vrid } from "./wire/units.js";

const FAMILIES = ["ipv4", "ipv6"] as const;

/** Runs until a signal asks it to stop; resolves with the exit code. */
export async function runAgent(config: Config, log: Logger): Promise<number> {
  const missing = missingCapabilities();
  if (missing.length > 0) {
    throw new PgvipError(
      "PERMISSION",
      `pgvip run needs ${missing.join(" and ")}: run it as root or give it these capabilities`,
    );
  }
  const agent = new Agent(config, log);
  return agent.run();
}

interface Member {
  readonly runner: GroupRunner;
  readonly config: GroupConfig;
  readonly journal: Journal;
}

class Agent {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #clock: Clock = systemClock;
  readonly #startedAt = new Date();
  readonly #interfaces = new Interfaces();
  readonly #supervisor = new Supervisor();
  readonly #members: readonly Member[];
  readonly #network: Network;
  readonly #orders: Orders;
  readonly #patroni: Patroni;
  readonly #dcsWatch: PatroniWatch<DcsSettings>;
  readonly #memberWatch: PatroniWatch<readonly ClusterMember[]>;
  readonly #desk: PacketDesk;
  #control: ControlServer | null = null;
  #listening = new Map<number, string>();
  #stopping: Promise<void> | null = null;
  #finish: (exitCode: number) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#network = openNetwork((events) => {
      for (const event of events) this.#networkEvent(event);
    });
    this.#orders = new Orders(this.#network);
    this.#patroni = openPatroni(config.patroni, this.#clock);
    this.#members = config.groups.map((group) => this.#member(group));
    this.#desk = new PacketDesk(this.#members.map(({ runner }) => runner));
    this.#dcsWatch = this.#watchDcs();
    this.#memberWatch = this.#watchMembers();
  }

  async run(): Promise<number> {
    const finished = new Promise<number>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    try {
      this.#control = await serveControl(this.#config.socketPath, {
        status: () => this.#status(),
        notify: () => this.#notify(),
      });
      this.#dcsWatch.start();
      if (this.#members.some(followsMembers)) this.#memberWatch.start();
      this.#onSignals();
      this.#supervisor.start(() => this.#summary());
      return await finished;
    } finally {
      await this.#close();
    }
  }

  // ── groups ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #member(config: GroupConfig): Member {
    const name = config.vips.map(({ address }) => address).join(",");
    const log = this.#log.child({ group: name });
    const lines = new GroupLog(log);
    const journal = new Journal();
    const { transport } = config;
    const runner = new GroupRunner(
      {
        name,
        path: "/primary",
        settings: {
          vips: config.vips.map(({ address }) => address),
          priority: config.priority,
          takeOn: config.takeOn,
          timing: config.timing,
        },
        speech: {
          vips: config.vips,
          label: config.label,
          advertIntervalMs: config.timing.advertIntervalMs,
          checksum: config.checksum,
          peers: transport.kind === "multicast" ? null : transport.peers === "members" ? [] : transport.peers,
          destroySockets: config.destroySockets,
          kernelLeaseSeconds: config.kernelLeaseSeconds,
        },
      },
      {
        clock: this.#clock,
        patroni: this.#patroni,
        orders: this.#orders,
        routerId: (scope) => this.#routerId(config, scope, log),
        listen: () => {
          this.#listen();
        },
        report: (report, state) => {
          lines.write(report, state);
          journal.note(report, this.#clock.nowMs());
        },
      },
    );
    return { runner, config, journal };
  }

  #routerId(config: GroupConfig, scope: string | null, log: Logger): Vrid {
    if (config.routerId !== null) return vrid(config.routerId);
    const [first] = config.vips;
    const derived = deriveRouterId(scope ?? this.#config.patroni.scope ?? "", first?.address ?? "");
    log.info(
      { event: "routerId", routerId: derived },
      `virtual router ID ${String(derived)}, derived from scope and VIP`,
    );
    return derived;
  }

  /** Has the network listen on each interface for the router IDs and VIPs of the groups that live there. */
  #listen(): void {
    for (const { runner } of this.#members) {
      const ifIndex = runner.placement?.ifIndex;
      if (ifIndex === undefined) continue;
      const here = this.#members.filter((member) => member.runner.placement?.ifIndex === ifIndex);
      const listening = {
        ifIndex,
        families: FAMILIES.filter((family) =>
          here.some(({ config }) => config.vips.some((vip) => vip.family === family)),
        ),
        multicast: here.some(({ config }) => config.transport.kind === "multicast"),
        routerIds: here.flatMap((member) => member.runner.routerId ?? []),
        vips: here.flatMap(({ config }) => config.vips.map(({ address }) => address)),
      };
      const key = JSON.stringify(listening);
      if (listening.routerIds.length === 0 || this.#listening.get(ifIndex) === key) continue;
      this.#listening.set(ifIndex, key);
      void this.#orders.give({ kind: "listen", listening }).then(({ failure }) => {
        if (failure === null) return;
        this.#listening.delete(ifIndex);
        this.#log.error({ event: "listen", ...failure }, `cannot listen for adverts: ${failureText(failure)}`);
      });
    }
  }

  /** Whoever has no list of peers speaks to the members of the cluster, except to itself. */
  #setPeers(addresses: readonly string[]): void {
    const own = new Set(this.#interfaces.addresses.map(({ address }) => address));
    const others = addresses.filter((address) => !own.has(address));
    for (const { runner } of this.#members.filter(followsMembers)) {
      if (runner.speech.peers?.join() === others.join()) continue;
      runner.setPeers(others);
      this.#log.info(
        { event: "peers", group: runner.setup.name, peers: others },
        `unicast peers: ${others.join(", ") || "none"}`,
      );
    }
  }

  #watchDcs(): PatroniWatch<DcsSettings> {
    return new PatroniWatch(
      {
        ask: () => this.#patroni.settings(WATCH_TIMEOUT_MS),
        mayRefresh: () => true,
        learned: (dcs) => {
          for (const { runner } of this.#members) runner.dispatch({ kind: "dcsSettingsLearned", dcs });
        },
      },
      this.#clock,
    );
  }

  /**
   * `GET /cluster` makes Patroni read its DCS and refreshes `dcs_last_seen`, which hides trouble with the DCS from the lease
   * arithmetic of a holder: so not while a VIP is held here.
   */
  #watchMembers(): PatroniWatch<readonly ClusterMember[]> {
    return new PatroniWatch(
      {
        ask: () => this.#patroni.members(WATCH_TIMEOUT_MS),
        mayRefresh: () => this.#members.every(({ runner }) => runner.holding === null),
        learned: (members) => {
          this.#setPeers(memberAddresses(members));
        },
      },
      this.#clock,
    );
  }

  // ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #networkEvent(event: NetworkEvent): void {
    switch (event.kind) {
      case "done":
        this.#orders.settle(event);
        return;
      case "advert":
        this.#desk.advert(event);
        return;
      case "neighborFrame":
        this.#desk.neighborFrame(event);
        return;
      case "snapshot":
      case "link":
        this.#interfaces.note(event);
        this.#placeAll(event.kind === "snapshot" && event.reason === "start");
        return;
      case "address":
        this.#addressEvent(event);
        return;
      case "leaseEnded":
        for (const { runner } of this.#members) runner.leaseEnded(event.holding);
        return;
      case "suspended":
        for (const { runner } of this.#members) runner.dispatch({ kind: "suspended", forMs: event.forMs });
        return;
      case "trouble":
        this.#log.warn({ event: "trouble", ...event.failure, count: event.count }, failureText(event.failure));
        return;
      case "overflow":
        this.#log.warn(
          { event: "overflow", dropped: event.dropped },
          "more packets than the agent can read: some were dropped",
        );
        return;
      default:
        unreachable(event);
    }
  }

  #placeAll(first: boolean): void {
    const known = new Set(this.#interfaces.links.map(({ ifIndex }) => ifIndex));
    for (const ifIndex of this.#listening.keys()) if (!known.has(ifIndex)) this.#listening.delete(ifIndex);
    for (const { runner, config } of this.#members) {
      const found = resolveInterface(config, this.#interfaces.links, this.#interfaces.addresses);
      // An interface may come later; anything else only an operator can mend.
      if (first && !found.ok && found.problem.kind !== "missing") {
        this.#fail(new PgvipError("CONFIG", found.problem.text));
        return;
      }
      place(runner, config, found, this.#interfaces);
    }
    this.#listen();
  }

  #addressEvent(event: NetworkEvent & { readonly kind: "address" }): void {
    const { ifIndex, address } = event.address;
    this.#interfaces.note(event);
    for (const { runner, config } of this.#members) {
      const ours = config.vips.some((vip) => vip.address === address);
      if (!ours || runner.placement?.ifIndex !== ifIndex) continue;
      if (event.change === "present") runner.dispatch({ kind: "addressAppeared", vip: address });
      else runner.dispatch({ kind: "addressGone", vip: address, atMs: event.atMs });
    }
    this.#placeAll(false);
  }

  #notify(): { readonly asked: number } {
    for (const { runner } of this.#members) runner.dispatch({ kind: "notified" });
    return { asked: this.#members.length };
  }

  // ── status ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #status() {
    const now = { wallMs: Date.now(), monotonicMs: this.#clock.nowMs() };
    return statusOf(this.#members, this.#desk.drops, this.#startedAt, now);
  }

  #summary(): string {
    return this.#members.map(({ runner }) => `${runner.setup.name}: ${runner.state.phase.kind}`).join(", ");
  }

  // ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onSignals(): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        this.#log.info({ event: "stop", signal }, `${signal}: stopping (on_stop: ${this.#config.onStop})`);
        void this.#stop(this.#config.onStop).then(() => {
          this.#finish(0);
        }, this.#fail);
      });
    }
    process.on("uncaughtException", (error) => {
      this.#log.fatal({ event: "crash", err: error }, "a bug: releasing and ending");
      void this.#stop("release").finally(() => {
        this.#fail(error);
      });
    });
  }

  #stop(policy: "release" | "keep"): Promise<void> {
    this.#stopping ??= (async () => {
      this.#supervisor.stopping();
      await Promise.all(this.#members.map(({ runner }) => runner.stop(policy)));
    })();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    this.#supervisor.stop();
    this.#dcsWatch.stop();
    this.#memberWatch.stop();
    this.#patroni.close();
    this.#network.close();
    await this.#control?.close();
  }
}

function followsMembers({ config }: Member): boolean {
  return config.transport.kind === "unicast" && config.transport.peers === "members";
}
