/**
 * A real systemd as pid 1 on a host of the lab: the machine's own files below an overlay that is thrown away, in namespaces for
 * processes, mounts, names and control groups, and with the host's network.
 *
 * Nothing of the machine's own is started: its enabled units, generators and file systems are hidden in the overlay, and
 * /proc/sys is read-only. Only its journal runs.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import type { CommandResult } from "./command.js";
import { command, tryCommand } from "./command.js";
import type { Host } from "./host.js";
import type { LabProcess } from "./process.js";
import { until } from "./wait.js";

/** Where the unified hierarchy of control groups is: alone, or beside the old ones. */
const CGROUPS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/** Waits for a word until it is in its control group. Each step replaces its process. $1 = directory for the overlay. */
const BOOT = `
read -r word
exec unshare --mount --pid --fork --uts --ipc --cgroup --kill-child sh -euc "$INSIDE" sh "$1"`;

const INSIDE = `
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
: >etc/fstab
rm -rf etc/systemd/system usr/lib/systemd/system/*.target.wants usr/lib/systemd/system-generators
mkdir -p etc/systemd/system/sysinit.target.wants .old
ln -s /lib/systemd/system/systemd-journald.service etc/systemd/system/sysinit.target.wants/
pivot_root . .old
umount -l .old
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target --log-target=null --show-status=no`;

export class SystemdHost {
  readonly #unshare: LabProcess;
  readonly #group: string;
  readonly #pid: number;

  /** Resolves when systemd takes orders. */
  static async boot(host: Host): Promise<SystemdHost> {
    const parent = CGROUPS.find(
      (path) => existsSync(`${path}/cgroup.procs`) && existsSync(`${path}/cgroup.controllers`),
    );
    if (parent === undefined) throw new Error(`no unified control groups in ${CGROUPS.join(" or ")}`);
    const group = `${parent}/pgvip-lab-${String(process.pid)}`;
    mkdirSync(group);
    const overlay = `${host.directory}/systemd`;
    mkdirSync(overlay);
    const unshare = host.spawnPiped("sh", ["-euc", BOOT, "sh", overlay], { log: "systemd", env: { INSIDE } });
    try {
      writeFileSync(`${group}/cgroup.procs`, String(unshare.pid));
      unshare.writeLine("go");
      return await SystemdHost.#ready(host, unshare, group);
    } catch (error) {
      await unshare.kill();
      await until("its control groups are empty", () => removeTree(group));
      throw error;
    }
  }

  static async #ready(host: Host, unshare: LabProcess, group: string): Promise<SystemdHost> {
    const pid = await until("systemd's process", () => {
      if (!unshare.running) throw new Error(`systemd did not start; see ${host.directory}/systemd.log`);
      return childOf(unshare.pid);
    });
    const booted = new SystemdHost(unshare, group, pid);
    await until("systemd takes orders", async () => {
      return (await booted.exec("systemctl", ["is-active", "--quiet", "basic.target"])).code === 0;
    });
    return booted;
  }

  private constructor(unshare: LabProcess, group: string, pid: number) {
    this.#unshare = unshare;
    this.#group = group;
    this.#pid = pid;
  }

  /** Runs a command beside systemd, to its end. Never rejects. */
  exec(program: string, args: readonly string[]): Promise<CommandResult> {
    const enter = ["-t", String(this.#pid), "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"];
    const path = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    return tryCommand("nsenter", [...enter, "env", "-i", path, program, ...args], { timeoutMs: 60_000 });
  }

  /** Writes a file of the overlay. */
  async write(path: string, text: string, mode = "644"): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1" && chmod "$3" "$1"';
    const { code, stderr } = await this.exec("sh", ["-c", script, "sh", path, text, mode]);
    if (code !== 0) throw new Error(`${path}: ${stderr}`);
  }

  /** Copies a file or a tree of the machine into a directory of the overlay, from wherever it is. */
  async copy(from: string, to: string): Promise<void> {
    const root = `/proc/${String(this.#pid)}/root`;
    await command("cp", ["-r", from, `${root}${to}`]);
  }

  /** Pulls the plug: everything that systemd started ends with it. */
  async close(): Promise<void> {
    await this.#unshare.kill();
    await until("its control groups are empty", () => removeTree(this.#group));
  }
}

/** What unshare has forked, once that has become systemd. */
function childOf(pid: number): number | null {
  const path = `/proc/${String(pid)}/task/${String(pid)}/children`;
  const child = existsSync(path) ? Number(readFileSync(path, "utf8").trim().split(" ")[0]) : 0;
  if (child === 0 || !existsSync(`/proc/${String(child)}/comm`)) return null;
  return readFileSync(`/proc/${String(child)}/comm`, "utf8").trim() === "systemd" ? child : null;
}

/** Control groups are removed as directories, the innermost first, when nothing lives in them any more. */
function removeTree(directory: string): boolean {
  try {
    for (const name of readdirSync(directory)) {
      const path = `${directory}/${name}`;
      if (statSync(path).isDirectory()) removeTree(path);
    }
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
