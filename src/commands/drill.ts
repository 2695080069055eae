/** `pgvip drill`: a switchover with a stop-watch, asked for from here, or watched while somebody else causes it. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { InvalidArgumentError, Option } from "commander";
import { type Config, type FollowedCluster, type PatroniConfig, followedClusters } from "../config/config.js";
import { loadConfig } from "../config/load.js";
import { PgvipError } from "../errors.js";
import type { AddCommand, Context } from "./context.js";
import { interrupted } from "./interrupted.js";
import { addSettings, sourcesOf } from "./settings.js";

const TIMEOUT_MS = 3000;
const INTERVAL_MS = 10;
/** Patroni's own maximum_lag_on_failover. */
const MAX_LAG_BYTES = 1_048_576;

interface DrillOptions {
  readonly yes?: true;
  readonly cluster?: string;
  readonly candidate?: string;
  readonly candidateLag: number;
  readonly watch?: true;
  readonly html?: string;
  readonly json?: true;
}

export const addDrill: AddCommand = (program, context) => {
  const command = program
    .command("drill")
    .description("switch the cluster over, measure from here, and tell what took how long");
  addSettings(command)
    .addOption(
      new Option("--cluster <name>", "the one of several clusters; by default that of the first VIP of a primary"),
    )
    .addOption(new Option("--candidate <member>", "who shall lead; by default the replica with the least lag"))
    .addOption(
      new Option("--candidate-lag <bytes>", "refuse a candidate that is further behind")
        .argParser(bytes)
        .default(MAX_LAG_BYTES),
    )
    .addOption(new Option("--yes", "do not ask for confirmation"))
    .addOption(
      new Option("--watch", "do not switch over: wait for a change of the leader, and measure that").conflicts([
        "candidate",
      ]),
    )
    .addOption(new Option("--html <file>", "write a page with the timeline as well, to show to others"))
    .addOption(new Option("--json", "print the result as JSON"))
    .action(async (options: DrillOptions) => {
      await run(await loadConfig(sourcesOf(command, context.terminal)), options, context.terminal);
    });
};

async function run(config: Config, options: DrillOptions, terminal: Context["terminal"]): Promise<void> {
  const { planDrill } = await import("../diagnose/drill-plan.js");
  const { drill } = await import("../diagnose/drill.js");
  const { drillHtml } = await import("../diagnose/drill-html.js");
  const { drillText } = await import("../diagnose/drill-text.js");
  const { requestSwitchover } = await import("../diagnose/switchover.js");
  const note = (text: string): void => {
    terminal.err(`${text}\n`);
  };
  const { patroni, vip } = subject(config, options.cluster ?? null);
  const { members, paused } = await askCluster(patroni);
  const plan = planDrill(members, paused, { candidate: options.candidate ?? null, maxLagBytes: options.candidateLag });
  const leader = plan.kind === "ready" ? plan.leader : members.find(({ role }) => role === "leader");
  if (leader === undefined) throw new PgvipError("SYSTEM", "no drill: the cluster has no leader");
  if (plan.kind === "refused" && !options.watch) {
    throw new PgvipError("SYSTEM", `no drill: ${plan.reasons.join("; ")}`);
  }
  // Found out before connections break.
  const writeReport = options.html === undefined ? null : openReport(options.html);
  if (plan.kind === "ready" && !options.watch) {
    if (!options.yes)
      await confirm(`Switch over from ${leader.name} to ${plan.candidate.name}? Its connections break. [y/N] `);
    note(`switching over from ${leader.name} to ${plan.candidate.name}, measuring ${vip} from here`);
  } else note(`${leader.name} leads; waiting for another leader, measuring ${vip} from here; Ctrl-C ends it`);
  const act =
    plan.kind === "ready" && !options.watch
      ? () => requestSwitchover(patroni, { leader: leader.name, candidate: plan.candidate.name })
      : null;
  const whole = { config, patroni, members, intervalMs: INTERVAL_MS };
  const settings = { ...whole, vip, leader: leader.name, act, until: ended(options) };
  const result = await drill(settings, await openProbes(vip, patroni.postgres.port, note), note);
  writeReport?.(drillHtml(result));
  terminal.out(options.json ? `${JSON.stringify(result, null, 2)}\n` : `${drillText(result)}\n`);
}

/** What is measured: the first VIP that follows the primary, of the named cluster or of any. */
function subject(config: Config, name: string | null): Pick<FollowedCluster, "patroni"> & { readonly vip: string } {
  const followed = followedClusters(config);
  const known = followed.flatMap((cluster) => cluster.name ?? []);
  if (name !== null && !known.includes(name)) {
    const wanted = known.length === 0 ? "the configuration names no cluster" : `wanted one of ${known.join(", ")}`;
    throw new PgvipError("USAGE", `--cluster is ${name}; ${wanted}`);
  }
  for (const { patroni, groups } of followed.filter((cluster) => name === null || cluster.name === name)) {
    const vip = groups.find(({ role }) => role === "primary")?.vips[0]?.address;
    if (vip !== undefined) return { patroni, vip };
  }
  throw new PgvipError("USAGE", "no drill: no VIP follows the primary, so none would move");
}

function openReport(file: string): (html: string) => void {
  try {
    const fd = openSync(file, "w");
    return (html) => {
      writeFileSync(fd, html);
      closeSync(fd);
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PgvipError("USAGE", `--html: the report cannot be written: ${why}`, { cause });
  }
}

/** An asked-for switchover that does not get through the VIP has an end too. */
function ended({ watch }: DrillOptions): Promise<void> {
  if (watch) return interrupted();
  return Promise.race([
    interrupted(),
    new Promise<void>((resolve) => {
      setTimeout(resolve, 60_000).unref();
    }),
  ]);
}

async function askCluster(config: PatroniConfig) {
  const { openPatroni } = await import("../shell/patroni-http.js");
  const { systemClock } = await import("../shell/system-clock.js");
  const patroni = openPatroni(config, systemClock);
  try {
    const members = await patroni.members(TIMEOUT_MS);
    if ("kind" in members) {
      throw new PgvipError("SYSTEM", `Patroni at ${config.url} did not tell its members: ${members.detail}`);
    }
    const { observation } = await patroni.health("/primary", TIMEOUT_MS);
    return { members, paused: observation.kind === "answered" && observation.status.pause };
  } finally {
    patroni.close();
  }
}

async function openProbes(vip: string, port: number, note: (text: string) => void) {
  const { echoProbe, tcpProbe } = await import("../diagnose/probes.js");
  const { systemClock } = await import("../shell/system-clock.js");
  const tcp = tcpProbe(vip, port, INTERVAL_MS, systemClock);
  try {
    return [echoProbe(vip, INTERVAL_MS, systemClock), tcp];
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    note(`no ICMP: ${error.message}`);
    return [tcp];
  }
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new PgvipError("USAGE", "a drill breaks connections: confirm it with --yes, or run it on a terminal");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(question);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new PgvipError("USAGE", "no drill: not confirmed");
}

function bytes(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Wanted a number of bytes.");
  return Number(text);
}
