/**
 * Programs that do not come from npm, and the Debian packages that bring them.
 *
 * A program counts as present when its file is found, whatever brought it there; so other systems are fine too, and
 * looking costs no time. Missing ones are installed only by root on a Debian-like system; anybody else is told how.
 */
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ToolFailed, run, say } from "./run-command.mjs";

/** @typedef {{ readonly package: string, readonly program: string, readonly where?: string }} SystemTool */

/** `where`: a directory outside PATH; `*` stands for one version directory. */
const table = /** @satisfies {Record<string, readonly SystemTool[]>} */ ({
  compiler: [
    { package: "python3", program: "python3" },
    { package: "make", program: "make" },
    { package: "g++", program: "g++" },
  ],
  lint: [
    { package: "clang-format", program: "clang-format" },
    { package: "clang-tidy", program: "clang-tidy" },
  ],
  sanitizers: [{ package: "patchelf", program: "patchelf" }],
  fuzzing: [
    { package: "clang", program: "clang++" },
    // The library of libFuzzer; its documentation stands for it, since no program is in it.
    { package: "libclang-rt-dev", program: "copyright", where: "/usr/share/doc/libclang-rt-dev" },
  ],
  certificates: [{ package: "openssl", program: "openssl" }],
  namespaces: [
    { package: "iproute2", program: "ip" },
    { package: "util-linux", program: "unshare" },
    { package: "procps", program: "sysctl" },
  ],
  cluster: [
    { package: "postgresql", program: "postgres", where: "/usr/lib/postgresql/*/bin" },
    { package: "postgresql-client", program: "psql" },
    { package: "patroni", program: "patroni" },
    { package: "etcd-server", program: "etcd" },
    { package: "etcd-client", program: "etcdctl" },
  ],
  packets: [
    { package: "tcpdump", program: "tcpdump" },
    { package: "tshark", program: "tshark" },
    { package: "nftables", program: "nft" },
  ],
  supervisor: [
    { package: "systemd", program: "systemd-analyze" },
    { package: "tar", program: "tar" },
  ],
  shells: [
    { package: "zsh", program: "zsh" },
    { package: "fish", program: "fish" },
    { package: "groff-base", program: "groff" },
  ],
  monitoring: [
    { package: "prometheus", program: "promtool" },
    { package: "prometheus", program: "prometheus" },
  ],
  otherRouters: [
    { package: "keepalived", program: "keepalived" },
    { package: "frr", program: "vrrpd", where: "/usr/lib/frr" },
  ],
});

/** @typedef {keyof typeof table} ToolSet */

/** @param {readonly ToolSet[]} sets */
export function ensureSystemTools(sets) {
  const missing = sets.flatMap((set) => table[set]).filter((tool) => !isPresent(tool));
  if (missing.length === 0) return;

  const packages = [...new Set(missing.map((tool) => tool.package))];
  const programs = missing.map((tool) => tool.program).join(", ");
  const install = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new ToolFailed(`missing: ${programs}\nOn Debian or Ubuntu: sudo ${install}`, 2);
  }
  say(`installing ${packages.join(" ")} (for ${programs})`);
  withoutStartingServices(() => {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-qq"], env);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], env);
  });
  const still = missing.filter((tool) => !isPresent(tool));
  if (still.length > 0) {
    throw new ToolFailed(`installed, but not found: ${still.map((tool) => tool.program).join(", ")}`, 2);
  }
}

/** @param {SystemTool} tool */
function isPresent(tool) {
  // In a directory of its own a file need not be a program: it may stand for a library.
  const counts = tool.where === undefined ? isExecutable : existsSync;
  return directoriesOf(tool).some((directory) => counts(join(directory, tool.program)));
}

/**
 * @param {SystemTool} tool
 * @returns {readonly string[]}
 */
function directoriesOf(tool) {
  const path = (process.env["PATH"] ?? "").split(":").filter((directory) => directory !== "");
  const usual = [...path, "/usr/local/sbin", "/usr/sbin", "/sbin"];
  if (tool.where === undefined) return usual;
  const [parent, rest] = tool.where.split("/*");
  if (parent === undefined || rest === undefined) return [tool.where, ...usual];
  const versions = existsSync(parent) ? readdirSync(parent) : [];
  return [...versions.map((version) => join(parent, version, rest)), ...usual];
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Packages such as etcd-server and postgresql start their service on installation. policy-rc.d is Debian's way to say
 * no; exit code 101 means "forbidden by policy".
 * @param {() => void} install
 */
function withoutStartingServices(install) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) {
    install();
    return;
  }
  // With a listener, Ctrl-C ends apt-get but not this process, so the policy file never stays behind.
  const ignore = () => undefined;
  process.on("SIGINT", ignore);
  process.on("SIGTERM", ignore);
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(policy, { force: true });
    process.off("SIGINT", ignore);
    process.off("SIGTERM", ignore);
  }
}
