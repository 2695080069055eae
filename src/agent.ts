/**
 * The agent: puts network, Patroni, groups and control socket together, and takes them apart in order.
 *
 * The composition root: it may import everything; nothing but the command `run` imports it.
 */
import type { Config } from "./config/config.js";
import { PgvipError } from "./errors.js";
import type { Logger } from "./log.js";
import type { Clock } from "./ports/clock.js";
import type { Network } from "./ports/network.js";
import type { Patroni } from "./ports/patroni.js";
import { missingCapabilities } from "./shell/capabilities.js";
import { ClusterWatch } from "./shell/cluster-watch.js";
import { type ControlServer, serveControl } from "./shell/control-socket.js";
import { type Group, type ReportListener, makeGroup } from "./shell/group.js";
import type { Metrics } from "./shell/metrics.js";
import { type MetricsServer, serveMetrics } from "./shell/metrics-server.js";
import { openNetwork } from "./shell/native-network.js";
import { Supervisor } from "./shell/native-systemd.js";
import { Orders } from "./shell/orders.js";
import { openPatroni } from "./shell/patroni-http.js";
import { Segment } from "./shell/segment.js";
import { statusOf } from "./shell/status-source.js";
import { systemClock } from "./shell/system-clock.js";
import type { StatusDocument } from "./status.js";

/** Runs until a signal asks it to stop; resolves with the exit code. */
export async function runAgent(config: Config, log: Logger): Promise<number> {
  const missing = missingCapabilities();
  if (missing.length > 0) {
    throw new PgvipError(
      "PERMISSION",
      `pgvip run needs ${missing.join(" and ")}: run it as root or give it these capabilities`,
    );
  }
  // The package behind it costs 2 MB, which an agent without an endpoint saves.
  const metrics = config.metrics === null ? null : await import("./shell/metrics.js");
  const agent = new Agent(config, log, metrics?.Metrics ?? null);
  return agent.run();
}

class Agent {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #clock: Clock = systemClock;
  readonly #startedAt = new Date();
  readonly #supervisor = new Supervisor();
  readonly #groups: readonly Group[];
  readonly #network: Network;
  readonly #segment: Segment;
  readonly #patroni: Patroni;
  readonly #watch: ClusterWatch;
  readonly #metrics: Metrics | null;
  #control: ControlServer | null = null;
  #metricsServer: MetricsServer | null = null;
  #stopping: Promise<void> | null = null;
  #finish: (exitCode: number) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(config: Config, log: Logger, metrics: (new (status: () => StatusDocument) => Metrics) | null) {
    const clock = this.#clock;
    this.#config = config;
    this.#log = log;
    this.#network = openNetwork((events) => {
      for (const event of events) this.#segment.handle(event);
    });
    const orders = new Orders(this.#network);
    this.#metrics = metrics === null ? null : new metrics(() => this.#status());
    const opened = openPatroni(config.patroni, clock);
    const patroni = this.#metrics?.timed(opened) ?? opened;
    const listeners: readonly ReportListener[] = [
      (group, report, state) => {
        this.#metrics?.note(group, report, state);
      },
    ];
    const { scope } = config.patroni;
    const listen = (): void => {
      this.#segment.listen();
    };
    this.#patroni = patroni;
    this.#groups = config.groups.map((group) =>
      makeGroup(group, { clock, orders, patroni, scope, log, listeners, listen }),
    );
    this.#segment = new Segment(this.#groups, {
      orders,
      log,
      unfit: (text) => {
        this.#fail(new PgvipError("CONFIG", text));
      },
    });
    this.#watch = new ClusterWatch(patroni, this.#groups, {
      clock,
      log,
      ownAddresses: () => this.#segment.ownAddresses,
    });
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
      this.#metricsServer = await this.#serveMetrics();
      this.#watch.start();
      this.#onSignals();
      this.#supervisor.start(() => this.#summary());
      return await finished;
    } finally {
      await this.#close();
    }
  }

  #notify(): { readonly asked: number } {
    for (const { runner } of this.#groups) runner.dispatch({ kind: "notified" });
    return { asked: this.#groups.length };
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
    const now = { wallMs: Date.now(), monotonicMs: this.#clock.nowMs() };
    return statusOf(this.#groups, this.#segment, this.#startedAt, now, this.#watch.names);
  }

  #summary(): string {
    return this.#groups.map(({ runner }) => `${runner.setup.name}: ${runner.state.phase.kind}`).join(", ");
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
    })();
    return this.#stopping;
  }

  async #close(): Promise<void> {
    this.#supervisor.stop();
    this.#watch.stop();
    this.#patroni.close();
    this.#network.close();
    await this.#metricsServer?.close();
    await this.#control?.close();
  }
}
