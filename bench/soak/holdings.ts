/** What a process has of the machine, from proc(5): everything that may only grow if something is lost. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { familyOf } from "../processes.js";

export const resources = ["rssKb", "descriptors", "sockets", "threads", "namespaces"] as const;
export type Resource = (typeof resources)[number];
export type Sample = Readonly<Record<Resource, number>>;

/** `namespaces`: network namespaces that this program's lab lives in. */
export function sampleOf(pid: number): Sample {
  const links = readdirSync(`/proc/${String(pid)}/fd`).map((fd) => linkOf(`/proc/${String(pid)}/fd/${fd}`));
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1];
  return {
    rssKb: Number(rss),
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    threads: readdirSync(`/proc/${String(pid)}/task`).length,
    namespaces: namespaces(),
  };
}

function namespaces(): number {
  const links = familyOf([process.pid]).map((pid) => linkOf(`/proc/${String(pid)}/ns/net`));
  return new Set(links.filter((link) => link !== "")).size;
}

/** Empty when it is gone meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
