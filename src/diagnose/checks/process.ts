/** Whether this process could do the agent's work at all. */
import type { Evidence } from "../evidence.js";
import { type Said, passed, problem } from "../finding.js";

export function capabilities({ process: { missingCapabilities: missing } }: Evidence): readonly Said[] {
  if (missing.length === 0) return [passed("CAP_NET_ADMIN and CAP_NET_RAW are there")];
  return [
    problem("error", `this process lacks ${missing.join(" and ")}`, {
      why: "the agent puts addresses on interfaces and sends raw frames; without these capabilities the kernel refuses",
      mend: "run it as root, or give the unit AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW; in a container --cap-add both",
    }),
  ];
}

export function addon({ process: { addon: found } }: Evidence): readonly Said[] {
  if (found.kind === "loaded") return [passed(`the native addon loads (Node-API ${String(found.napi)})`)];
  return [
    problem("error", found.text, {
      why: "sockets, addresses and leases are the addon's work; nothing runs without it",
      mend: "install python3, make and g++, then run: npm rebuild pgvip",
    }),
  ];
}

export function rawSocket({ process: { rawSocket: missing } }: Evidence): readonly Said[] {
  if (missing === null) return [passed("the optional package raw-socket is there")];
  return [
    problem("advice", "the optional package raw-socket cannot be used", {
      why: "pgvip ping and drill measure with ICMP echoes, and doctor tries a packet to each peer; the agent does without it",
      mend: missing,
    }),
  ];
}
