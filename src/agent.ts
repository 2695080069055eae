/**
 * The agent: puts network, Patroni, groups and control socket together, and takes them apart in order.
 *
 * The composition root: it may import everything; nothing but the command `run` imports it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, type GroupConfig, patroniNamed } from "./config/config.js";
import type { GroupState } from "./core/types.js";
import { PgvipError } from "./errors.js";
import type { Logger } from "./log.js";
import type { Clock } from "./ports/clock.js";
import type { Network } from "./ports/network.js";
import { requireCapabilities } from "./shell/capabilities.js";
import { Cluster } from "./shell/cluster.js";
import { type ControlServer, type Request, serveControl } from "./shell/control-socket.js";
import { Group, type ReportListener, followsMembers } from "./shell/group.js";
import { Hints, openFifo } from "./shell/hints.js";
import { HistoryFile } from "./shell/history-file.js";
import { Hooks } from "./shell/hooks.js";
import { type KeptMaintenance, MaintenanceStore } from "./shell/maintenance-store.js";
import type { Metrics, WireCounts } from "./shell/metrics.js";
import { type MetricsServer, serveMetrics } from "./shell/metrics-server.js";
import { openNetwork } from "./shell/native-network.js";
import { Supervisor } from "./shell/native-systemd.js";
import { Operator } from "./shell/operator.js";
import { Orders } from "./shell/orders.js";
import { getBy } from "./shell/exchange-get.js";
import { openPatroni } from "./shell/patroni-http.js";
import { recoveryEnds } from "./shell/recovery-watch.js";
import { Reloader } from "./shell/reloader.js";
import { SharedPolls } from "./shell/shared-polls.js";
import type { Instant } from "./shell/replay-window.js";
import { Segment } from "./shell/segment.js";
import { statusOf } from "./shell/status-source.js";
import { systemClock } from "./shell/system-clock.js";
import { WireTally } from "./shell/wire-tally.js";
import type { StatusDocument } from "./status.js";

/** Programs of the operator, and the disk, may take this long when the agent ends; the VIP is long gone by then. */
const LAST_WORDS_MS = 2_000;

/** Runs until a signal asks it to stop; resolves with the exit code. `readConfig` reads the configuration anew. */
export async function runAgent(config: Config, readConfig: () => Promise<Config>, log: Logger): Promise<number> {
  requireCapabilities("pgvip run");
  // The package behind it costs 2 MB, which an agent without an endpoint saves.
  const metrics = config.metrics === null ? null : await import("./shell/metrics.js");
  const store = new MaintenanceStore(config.stateDirectory);
  const kept = await store.load(Date.now()).catch((error: unknown) => {
    log.error({ event: "maintenance" }, error instanceof Error ? error.message : String(error));
    return [];
  });
  const agent = new Agent({ config, readConfig, log, store, kept, metrics: metrics?.Metrics ?? null });
  return agent.run();
}

interface AgentParts {
  readonly config: Config;
  readonly readConfig: () => Promise<Config>;
  readonly log: Logger;
  readonly store: MaintenanceStore;
  /** Maintenance that outlived an earlier agent. */
  readonly kept: readonly KeptMaintenance[];
  readonly metrics: (new (status: () => StatusDocument, wire: () => WireCounts) => Metrics) | null;
}

class Agent {
  #config: Config;
  readonly #log: Logger;
  readonly #clock: Clock = systemClock;
  readonly #startedAt = new Date();
  readonly #supervisor = new Supervisor();
  readonly #groups: Group[] = [];
  readonly #network: Network;
  readonly #orders: Orders;
  readonly #tally = new WireTally();
  readonly #segment: Segment;
  /** Those that some group follows, by the names that groups know them by. */
  readonly #clusters = new Map<string | null, Cluster>();
  readonly #metrics: Metrics | null;
  readonly #history: HistoryFile;
  readonly #hooks: Hooks;
  readonly #operator: Operator;
  readonly #hints = new Hints(this.#clock, () => this.#notify());
  readonly #reloader: Reloader;
  #control: ControlServer | null = null;
  #metricsServer: MetricsServer | null = null;
  #closeFifo: () => void = () => undefined;
  #stopping: Promise<void> | null = null;
  #finish: (exitCode: number) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor({ config, readConfig, log, store, kept, metrics }: AgentParts) {
    this.#config = config;
    this.#log = log;
    this.#hooks = new Hooks(config.hooks, log);
    this.#history = new HistoryFile(config.stateDirectory, log);
    this.#network = openNetwork((events) => {
      for (const event of events) this.#tally.happened(event);
      this.#segment.handle(events);
    });
    this.#orders = new Orders(this.#tally.watching(this.#network));
    const told = [() => this.#status(), () => this.#wireCounts()] as const;
    this.#metrics = metrics === null ? null : new metrics(...told);
    this.#groups.push(...config.groups.map((group) => this.#makeGroup(group, config)));
    this.#operator = new Operator(this.#groups, { clock: this.#clock, store });
    this.#operator.restore(kept);
    this.#segment = new Segment(this.#groups, {
      orders: this.#orders,
      log,
      unfit: (text) => {
        this.#fail(new PgvipError("CONFIG", text));
      },
      onStranger: (group) => {
        if (followsMembers(group)) this.#clusters.get(group.config.cluster)?.strangerHeard();
      },
      now: () => this.#now(),
    });
    this.#reloader = new Reloader(this.#groups, {
      log,
      segment: this.#segment,
      readConfig,
      config: () => this.#config,
      make: (group, after) => this.#makeGroup(group, after),
      applied: (changed) => {
        this.#applyConfig(changed);
      },
      around: {
        begins: () => {
          this.#supervisor.reloading();
        },
        ends: () => {
          this.#supervisor.reloaded(this.#summary());
        },
      },
    });
  }

  async run(): Promise<number> {
    const finished = new Promise<number>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    try {
      const maintain = (request: Request) => this.#operator.handle(request);
      this.#control = await serveControl(this.#config.socketPath, {
        status: () => this.#status(),
        notify: () => this.#notify(),
        reload: () => this.#reloader.reload("asked on the control socket"),
        pause: maintain,
        resume: maintain,
        release: maintain,
      });
      this.#closeFifo = openFifo(
        this.#config.notify,
        () => {
          this.#hints.hint();
        },
        this.#log,
      );
      this.#metricsServer = await this.#serveMetrics();
      this.#serveGroups();
      this.#onSignals();
      this.#supervisor.start(() => this.#summary());
      return await finished;
    } finally {
      await this.#close();
    }
  }

  #makeGroup(group: GroupConfig, config: Config): Group {
    const listeners: readonly ReportListener[] = [
      (name, report, state) => this.#metrics?.note(name, report, state),
      (name, report) => {
        this.#history.note(name, report);
      },
      (name, report) => {
        this.#hooks.note(name, report);
      },
    ];
    const cluster = this.#clusterOf(group, config);
    const { patroni, scope, postgres } = cluster;
    return new Group(group, {
      clock: this.#clock,
      orders: this.#orders,
      patroni,
      scope,
      recoveryEnds: () => recoveryEnds(postgres.port, this.#orders),
      readCluster: (statedName) => cluster.read(statedName),
      log: this.#log,
      listeners,
      listen: () => {
        this.#segment.listen();
      },
      expect: (...expected) => {
        this.#segment.expect(...expected);
      },
    });
  }

  #clusterOf({ cluster: name }: GroupConfig, config: Config): Cluster {
    const known = this.#clusters.get(name);
    if (known !== undefined) return known;
    const patroni = patroniNamed(config, name);
    const parts = { get: getBy(this.#orders) };
    const opened = openPatroni(patroni, this.#clock, parts);
    const asked = new SharedPolls(this.#metrics?.timed(opened) ?? opened, this.#clock);
    const cluster = new Cluster(patroni, asked, {
      clock: this.#clock,
      log: name === null ? this.#log : this.#log.child({ cluster: name }),
      ownAddresses: () => this.#segment.ownAddresses,
      openMember: (url) => openPatroni({ ...patroni, url }, this.#clock, parts),
    });
    this.#clusters.set(name, cluster);
    return cluster;
  }

  /** Each cluster tells its groups what it knows; one that nobody follows any more is forgotten. */
  #serveGroups(): void {
    for (const [name, cluster] of this.#clusters) {
      const groups = this.#groups.filter(({ config }) => config.cluster === name);
      if (groups.length > 0) cluster.serve(groups);
      else {
        cluster.close();
        this.#clusters.delete(name);
      }
    }
  }

  #notify(): { readonly asked: number } {
    this.#log.debug({ event: "hint" }, "a hint: asking Patroni now");
    for (const { runner } of this.#groups) runner.dispatch({ kind: "notified" });
    return { asked: this.#groups.length };
  }

  /** What a new configuration means for everything but the groups. */
  #applyConfig(config: Config): void {
    this.#config = config;
    this.#hooks.configure(config.hooks);
    this.#log.level = config.logLevel;
    for (const group of this.#groups) group.setLogLevel(config.logLevel);
    // New groups have to learn what the others know, and there may be the first one that follows the members.
    this.#serveGroups();
  }

  async #serveMetrics(): Promise<MetricsServer | null> {
    const { metrics: address } = this.#config;
    const metrics = this.#metrics;
    if (address === null || metrics === null) return null;
    const { contentType } = metrics;
    const served = { contentType, text: () => metrics.text(), status: () => this.#status() };
    return serveMetrics(address, served, this.#log);
  }

  #status(): StatusDocument {
    return statusOf(this.#groups, this.#segment, this.#startedAt, this.#now(), ({ config: { cluster } }) => {
      return this.#clusters.get(cluster)?.names ?? new Map<string, string>();
    });
  }

  #wireCounts(): WireCounts {
    const groups = this.#groups.map(({ name, runner }) => {
      const { all: heard, resignations: resignationsHeard } = this.#segment.heard(runner);
      return { name, heard, resignationsHeard, resignationsSent: this.#tally.resigned(name) };
    });
    return { groups, socketsDestroyed: this.#tally.socketsDestroyed };
  }

  #now(): Instant {
    return { wallMs: Date.now(), monotonicMs: this.#clock.nowMs() };
  }

  #summary(): string {
    return this.#groups.map(({ name, runner }) => `${name}: ${summaryOf(runner.state)}`).join(", ");
  }

  #onSignals(): void {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        this.#log.info({ event: "stop", signal }, `${signal}: stopping (on_stop: ${this.#config.onStop})`);
        void this.#stop(this.#config.onStop).then(() => {
          this.#finish(0);
        }, this.#fail);
      });
    }
    process.on("SIGHUP", () => {
      // The log tells how it went.
      this.#reloader.reload("SIGHUP").catch(() => undefined);
    });
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
      await Promise.all(this.#groups.map(({ runner }) => runner.stop(policy)));
      if (policy === "release") await this.#segment.clear();
    })();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    this.#supervisor.stop();
    for (const cluster of this.#clusters.values()) cluster.close();
    this.#closeFifo();
    this.#network.close();
    await Promise.race([Promise.all([this.#history.flushed(), this.#hooks.finished()]), sleep(LAST_WORDS_MS)]);
    await this.#metricsServer?.close();
    await this.#control?.close();
  }
}

function summaryOf({ phase, maintenance }: GroupState): string {
  return maintenance.kind === "none" ? phase.kind : `${phase.kind} (${maintenance.kind})`;
}
