/** What an agent keeps of the machine at one moment: its memory from itself (agent-hook.mjs), the rest from proc(5). */
import { readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import * as v from "valibot";
import { until } from "../../lab/wait.js";
import { readIfThere, rssMb } from "../processes.js";

export const resources = {
  rss: { title: "resident memory", unit: "KiB" },
  heap: { title: "JavaScript's memory after a collection, with its buffers", unit: "KiB" },
  fds: { title: "open files", unit: "" },
  sockets: { title: "sockets among them", unit: "" },
  threads: { title: "threads", unit: "" },
  children: { title: "child processes", unit: "" },
  namespaces: { title: "network namespaces of the lab", unit: "" },
} as const;

export type Resource = keyof typeof resources;
export const resourceNames: readonly Resource[] = [
  "rss",
  "heap",
  "fds",
  "sockets",
  "threads",
  "children",
  "namespaces",
];

export interface Sample {
  readonly node: string;
  /** Fail-overs so far. */
  readonly failOvers: number;
  readonly kept: Readonly<Record<Resource, number>>;
}

const memory = v.object({ heapUsed: v.number(), external: v.number() });

/** Reads one agent. `directory`: where its hook writes; `lab`: how names of the lab's namespaces begin. */
export async function readResources(pid: number, directory: string, lab: string): Promise<Sample["kept"]> {
  const { heapUsed, external } = await memoryOf(pid, directory);
  const files = openFiles(pid);
  return {
    rss: rssMb(pid) * 1024,
    heap: (heapUsed + external) / 1024,
    fds: files.length,
    sockets: files.filter((target) => target.startsWith("socket:")).length,
    threads: readdirSync(`/proc/${String(pid)}/task`).length,
    children: childrenOf(pid),
    namespaces: readdirSync("/run/netns").filter((name) => name.startsWith(`${lab}-`)).length,
  };
}

async function memoryOf(pid: number, directory: string): Promise<v.InferOutput<typeof memory>> {
  const file = `${directory}/${String(pid)}.json`;
  rmSync(file, { force: true });
  process.kill(pid, "SIGUSR2");
  const text = await until("the agent tells its memory", () => readIfThere(file));
  return v.parse(memory, JSON.parse(text));
}

/** What each open file is: a path, or `socket:[inode]`. */
function openFiles(pid: number): string[] {
  const directory = `/proc/${String(pid)}/fd`;
  return readdirSync(directory).flatMap((name) => {
    try {
      return readlinkSync(`${directory}/${name}`);
    } catch {
      // Closed between the two looks.
      return [];
    }
  });
}

function childrenOf(pid: number): number {
  const threads = readdirSync(`/proc/${String(pid)}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${String(pid)}/task/${thread}/children`, "utf8"));
  return lists.join(" ").split(" ").filter(Boolean).length;
}
