/** `pgvip pause`, `resume` and `release`: an operator's word about the VIPs of this node. */
import { type Command, InvalidArgumentError, Option } from "commander";
import * as v from "valibot";
import { loadConfig, loadSocketPath } from "../config/load.js";
import { parseDuration } from "../config/values.js";
import { PgvipError } from "../errors.js";
import { askControl } from "../shell/control-client.js";
import { MaintenanceStore } from "../shell/maintenance-store.js";
import { type MaintenanceAnswer, type MaintenanceRequest, maintenanceAnswer } from "../shell/maintenance-words.js";
import type { AddCommand, Terminal } from "./context.js";
import { addSettings, addSocketSettings, sourcesOf } from "./settings.js";

interface Options {
  readonly for?: number;
  readonly persist?: true;
  readonly afterStop?: true;
}

/** Letting go waits for the kernel. */
const TIMEOUT_MS = 10_000;

export const addPause: AddCommand = (program, { terminal }) => {
  const pause = addSocketSettings(program.command("pause [vip...]"))
    .description("keep VIPs where they are: this node takes none until `pgvip resume`")
    .addHelpText("after", PAUSE_HELP);
  addLimits(pause).action(async (vips: readonly string[], options: Options) => {
    await order(pause, terminal, requestOf("pause", vips, options));
  });
};

export const addResume: AddCommand = (program, { terminal }) => {
  const resume = addSocketSettings(program.command("resume [vip...]")).description("end `pause` and `release`");
  resume.action(async (vips: readonly string[]) => {
    await order(resume, terminal, requestOf("resume", vips, {}));
  });
};

export const addRelease: AddCommand = (program, { terminal }) => {
  const release = program
    .command("release [vip...]")
    .description("give VIPs up now, and do without them until `pgvip resume`; also when no agent runs");
  addLimits(release).addOption(
    new Option("--after-stop", "for ExecStopPost=: leave the VIPs to a running agent, and to on_stop: keep"),
  );
  addSettings(release).action(async (vips: readonly string[], options: Options) => {
    const request = requestOf("release", vips, options);
    try {
      const socketPath = await loadSocketPath(sourcesOf(release, terminal));
      if (options.afterStop === true) {
        await askControl(socketPath, { command: "status" });
        terminal.out("an agent runs: the VIPs are left to it\n");
      } else {
        await order(release, terminal, request);
      }
    } catch (error) {
      if (!(error instanceof PgvipError) || error.code !== "NO_DAEMON") throw error;
      await releaseAlone(release, terminal, request, options);
    }
  });
};

const PAUSE_HELP = `
The node that has the VIP keeps it as long as Patroni says that it leads. In a cluster that is in Patroni's own
maintenance mode (patronictl pause), it keeps the VIP as well while Patroni is stopped.`;

function addLimits(command: Command): Command {
  return command
    .addOption(new Option("--for <duration>", "end by itself after this time").argParser(parseFor))
    .addOption(new Option("--persist", "outlive a restart of the agent"));
}

function parseFor(text: string): number {
  const forMs = parseDuration(text);
  if (forMs === null || forMs === 0) throw new InvalidArgumentError("Wanted a duration with its unit, such as 10m.");
  return forMs;
}

function requestOf(
  command: MaintenanceRequest["command"],
  groups: readonly string[],
  { for: forMs, persist }: Options,
): MaintenanceRequest {
  return { command, groups: [...groups], forMs: forMs ?? null, persist: persist ?? false };
}

async function order(command: Command, terminal: Terminal, request: MaintenanceRequest): Promise<void> {
  const socketPath = await loadSocketPath(sourcesOf(command, terminal));
  const answers = v.safeParse(v.array(maintenanceAnswer), await askControl(socketPath, request, TIMEOUT_MS));
  if (!answers.success) {
    throw new PgvipError("SYSTEM", `the agent on ${socketPath} gave an answer that this version cannot read`);
  }
  for (const answer of answers.output) terminal.out(`${answerText(answer)}\n`);
}

function answerText({ group, state, mode, until, persistent }: MaintenanceAnswer): string {
  if (mode === null) return `${group}: ${state}, follows Patroni`;
  const end = until === null ? "until pgvip resume" : `until ${until}`;
  return `${group}: ${mode} ${end}${persistent ? ", also over a restart of the agent" : ""}; ${state}`;
}

/** Without an agent the configuration says which VIPs there are, and the addon takes them off. */
async function releaseAlone(
  command: Command,
  terminal: Terminal,
  request: MaintenanceRequest,
  { afterStop }: Options,
): Promise<void> {
  const config = await loadConfig(sourcesOf(command, terminal));
  if (afterStop === true && config.onStop === "keep" && terminal.environment["SERVICE_RESULT"] === "success") {
    terminal.out("the agent was stopped with on_stop: keep: the VIPs are left to their kernel lease\n");
    return;
  }
  const groups = chosen(config.groups, request.groups);
  const { removeLeftovers } = await import("../shell/leftovers.js");
  const { vips, socketsDestroyed } = await removeLeftovers(groups);
  for (const { vip, from } of vips)
    terminal.out(from === null ? `${vip} is not on this node\n` : `removed ${vip} from ${from}\n`);
  if (socketsDestroyed > 0) terminal.out(`connections reset: ${String(socketsDestroyed)}\n`);
  if (!request.persist) return;
  const until = request.forMs === null ? null : new Date(Date.now() + request.forMs).toISOString();
  const kept = groups.map((group) => ({
    vips: group.vips.map(({ address }) => address),
    mode: "released" as const,
    until,
    pinned: false,
  }));
  await new MaintenanceStore(config.stateDirectory).save(kept);
  terminal.out("an agent that starts later does without them until pgvip resume\n");
}

type Groups = Awaited<ReturnType<typeof loadConfig>>["groups"];

function chosen(groups: Groups, names: readonly string[]): Groups {
  if (names.length === 0) return groups;
  return names.map((name) => {
    const found = groups.find(({ vips }) => vips.some(({ address }) => address === name));
    if (found === undefined) throw new PgvipError("USAGE", `the configuration has no VIP ${name}`);
    return found;
  });
}
