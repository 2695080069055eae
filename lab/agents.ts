/** pgvip as a VIP manager of the lab: the built agent, on a node, with nothing but the VIP on its command line. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { type GroupStatus, type StatusDocument, statusSchema } from "../src/status.js";
import type { Host } from "./host.js";
import { beforeOthers } from "./priority.js";
import type { LabProcess } from "./process.js";
import { ProcessVipManager } from "./vip-manager.js";
import { until } from "./wait.js";

const builtAgent = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** Exit codes of `pgvip status`: all is well, or there is an alarm; and no agent. */
const ANSWERED: readonly number[] = [0, 1];
const NOBODY_ANSWERS = 2;

export interface AgentOptions {
  /** Addresses with prefix lengths. */
  readonly vips: readonly string[];
  /** Further words of the command line, for instance `--config FILE`. */
  readonly extra?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As somebody let it who wants the earliest take-over (docs/operating.md); its unit does not. */
  readonly readsControlFile?: boolean;
}

/** Root that is root no more where files are concerned: a mode that shuts others out shuts it out, as the unit's user. */
const SHUT_OUT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"] as const;

export class PgvipAgents extends ProcessVipManager {
  readonly name = "pgvip";
  readonly #options: AgentOptions;

  constructor(options: AgentOptions) {
    super();
    this.#options = options;
  }

  missing(): Promise<string | null> {
    return Promise.resolve(existsSync(builtAgent) ? null : "pgvip is not built; run: npm run build");
  }

  /** Runs one of pgvip's commands on the node, against the agent there: `["status", "--json"]`. */
  command(node: Host, args: readonly string[]) {
    return node.exec(process.execPath, [builtAgent, ...args, "--socket", controlSocket(node)], { timeoutMs: 10_000 });
  }

  /** What the agent there tells of itself; `null` when none answers, as for a moment after its start. */
  async statusIfAny(node: Host): Promise<StatusDocument | null> {
    const { code, stdout, stderr } = await this.command(node, ["status", "--json"]);
    if (code === NOBODY_ANSWERS) return null;
    if (code === null || !ANSWERED.includes(code)) throw new Error(`pgvip status on ${node.name}: ${stderr}`);
    return v.parse(statusSchema, JSON.parse(stdout));
  }

  /** The same of an agent that has to answer. */
  async status(node: Host): Promise<StatusDocument> {
    const status = await this.statusIfAny(node);
    if (status === null) throw new Error(`no agent answers on ${node.name}`);
    return status;
  }

  /** Its first group, which most have alone. */
  async group(node: Host): Promise<GroupStatus> {
    return firstGroup(await this.status(node));
  }

  /** Waits for its first group to be as wanted. */
  groupWith(node: Host, what: string, wanted: (group: GroupStatus) => boolean): Promise<GroupStatus> {
    const ask = async (): Promise<GroupStatus | null> => {
      const status = await this.statusIfAny(node);
      if (status === null) return null;
      const group = firstGroup(status);
      return wanted(group) ? group : null;
    };
    return until(`${node.name}: ${what}`, ask);
  }

  /** The agent's log, one JSON object a line. */
  logFile(node: Host): string {
    return `${node.directory}/pgvip.log`;
  }

  protected launch(node: Host): LabProcess {
    const { vips, extra = [], env = {}, readsControlFile = false } = this.#options;
    const own = ["--socket", controlSocket(node), "--state-directory", `${node.directory}/state`];
    const words = ["run", ...vips.flatMap((cidr) => ["--vip", cidr]), ...own, ...extra];
    const agent = [process.execPath, builtAgent, ...words] as const;
    const [command, ...args] = readsControlFile ? agent : ([...SHUT_OUT, ...agent] as const);
    return node.spawn(...beforeOthers(command, args), { log: "pgvip", env });
  }
}

function firstGroup({ groups: [group] }: StatusDocument): GroupStatus {
  if (group === undefined) throw new Error("the agent has no group");
  return group;
}

function controlSocket(node: Host): string {
  return `${node.directory}/pgvip.sock`;
}
