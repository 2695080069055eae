/** What the numbers belong to: the machine and the versions of everything that took part. */
import { cpus, release, totalmem } from "node:os";
import { tryCommand } from "../lab/command.js";
import { postgresPrograms } from "../lab/patroni-config.js";

/** `vipManager`: path of that program, where it takes part. */
export async function describeMachine(vipManager: string | null = null): Promise<Record<string, string>> {
  const processors = cpus();
  return {
    processor: `${processors.length} × ${processors[0]?.model ?? "unknown"}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: release(),
    node: process.versions.node,
    postgresql: await firstLine(`${postgresPrograms() ?? ""}/postgres`, ["--version"]),
    patroni: await firstLine("patroni", ["--version"]),
    etcd: await firstLine("etcd", ["--version"]),
    keepalived: await firstLine("keepalived", ["--version"]),
    ...(vipManager === null ? {} : { "vip-manager": await firstLine(vipManager, ["--version"]) }),
  };
}

async function firstLine(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tryCommand(command, args);
  return code === 0 ? ((stdout + stderr).trim().split("\n")[0] ?? "") : "not installed";
}
