/** pgvip as a VIP manager of the lab: the built agent, on a node, with nothing but the VIP on its command line. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { ProcessVipManager } from "./vip-manager.js";

const builtAgent = fileURLToPath(new URL("../dist/main.js", import.meta.url));

export interface AgentOptions {
  /** Addresses with prefix lengths. */
  readonly vips: readonly string[];
  /** Further words of the command line, for instance `--config FILE`. */
  readonly extra?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

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

  /** The agent's log, one JSON object a line. */
  logFile(node: Host): string {
    return `${node.directory}/pgvip.log`;
  }

  protected launch(node: Host): LabProcess {
    const { vips, extra = [], env = {} } = this.#options;
    const own = ["--socket", controlSocket(node), "--state-directory", `${node.directory}/state`];
    const words = ["run", ...vips.flatMap((cidr) => ["--vip", cidr]), ...own, ...extra];
    return node.spawn(process.execPath, [builtAgent, ...words], { log: "pgvip", env });
  }
}

function controlSocket(node: Host): string {
  return `${node.directory}/pgvip.sock`;
}
