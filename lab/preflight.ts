/** What a lab needs of the machine, and what to do about each thing that is missing. */
import { accessSync, constants } from "node:fs";
import { missingRawSocket } from "../src/shell/raw-socket-packets.js";
import { postgresPrograms } from "./patroni-config.js";

export type Backend = "stand-in" | "postgres";

interface Tool {
  readonly program: string;
  readonly debianPackage: string;
}

const namespaceTools: readonly Tool[] = [
  { program: "ip", debianPackage: "iproute2" },
  { program: "unshare", debianPackage: "util-linux" },
  { program: "nsenter", debianPackage: "util-linux" },
  { program: "mount", debianPackage: "mount" },
  { program: "sysctl", debianPackage: "procps" },
  { program: "ps", debianPackage: "procps" },
];

const clusterTools: readonly Tool[] = [
  { program: "patroni", debianPackage: "patroni" },
  { program: "etcd", debianPackage: "etcd-server" },
  { program: "psql", debianPackage: "postgresql-client" },
];

/** One sentence for each thing that is missing, with what to type; empty when the lab can be made. */
export function missingForLab(backend: Backend): string[] {
  const needed = backend === "postgres" ? [...namespaceTools, ...clusterTools] : namespaceTools;
  const missing = needed.filter(({ program }) => !isOnPath(program));
  const packages = new Set(missing.map(({ debianPackage }) => debianPackage));
  if (backend === "postgres" && postgresPrograms() === null) packages.add("postgresql");
  const rawSocket = missingRawSocket();
  return [
    ...(process.getuid?.() === 0 ? [] : ["Network namespaces need root: run it with sudo."]),
    ...(packages.size === 0 ? [] : [`Programs are missing; run: apt-get install -y ${[...packages].join(" ")}`]),
    ...(rawSocket === null ? [] : [rawSocket]),
  ];
}

function isOnPath(program: string): boolean {
  const directories = (process.env["PATH"] ?? "").split(":");
  return directories.some((directory) => isExecutable(`${directory}/${program}`));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
