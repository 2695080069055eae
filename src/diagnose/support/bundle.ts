/**
 * What somebody who is asked for help wants to see of a node, as files of text. Each part is gathered by itself: what cannot
 * be had is told in its file, so that a node in trouble still yields the rest.
 */
import { execFile } from "node:child_process";
import { hostname, release, version as kernelVersion } from "node:os";
import { promisify } from "node:util";
import { loadConfig, loadPatroni, type Sources } from "../../config/load.js";
import { type ShownConfig, shownConfig, withoutSecrets } from "../../config/shown.js";
import { PgvipError } from "../../errors.js";
import { openPatroni } from "../../shell/patroni-http.js";
import { systemClock } from "../../shell/system-clock.js";
import { doctorText } from "../doctor-text.js";
import { examine } from "../checks.js";
import { gather } from "../gather.js";
import { HostFiles } from "../host-files.js";

export interface BundleFile {
  readonly name: string;
  readonly text: string;
}

/** What other commands say: asked for here, so that this layer need not know them. */
export interface BundleSources {
  readonly config: Sources;
  readonly versions: () => string;
  readonly status: () => Promise<string>;
  readonly history: () => Promise<string>;
  readonly unit: string;
}

const JOURNAL_LINES = 2000;
const JOURNAL_TIMEOUT_MS = 10_000;
const JOURNAL_BYTES = 16 * 1024 * 1024;
const LISTEN_MS = 4000;
const PATRONI_TIMEOUT_MS = 3000;

/** `note` is told what is being gathered. */
export async function gatherBundle(
  sources: BundleSources,
  note: (text: string) => void,
): Promise<readonly BundleFile[]> {
  const shown = await shownConfig(sources.config);
  const parts: readonly (readonly [name: string, gather: () => Promise<string> | string])[] = [
    ["versions.txt", () => versionsText(sources)],
    ["configuration.txt", () => configurationText(shown)],
    ["status.json", sources.status],
    ["history.jsonl", sources.history],
    ["doctor.txt", () => doctor(sources.config)],
    ["journal.txt", () => journal(sources.unit)],
  ];
  const files: BundleFile[] = [{ name: "README.txt", text: README }];
  for (const [name, gatherPart] of parts) {
    note(name);
    files.push({ name, text: withoutSecrets(await orWhy(gatherPart), shown.secrets) });
  }
  return files;
}

const README = `Gathered by pgvip support-bundle, to be sent to those who are asked for help.

versions.txt        pgvip, Node.js, the kernel, Patroni
configuration.txt   every setting that was given, where it was written, and what is wrong with it
status.json         what the agent says (docs/status.md)
history.jsonl       what happened to the VIPs of this node
doctor.txt          what pgvip doctor finds
journal.txt         the last lines of the agent's log

Passwords, arguments of hooks and credentials in URLs are left out. Addresses and names of hosts are not: look through
it before you send it.
`;

async function orWhy(part: () => Promise<string> | string): Promise<string> {
  try {
    return await part();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `not there: ${error.message}\n`;
  }
}

async function versionsText({ versions, config }: BundleSources): Promise<string> {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(new HostFiles().read("/etc/os-release") ?? "")?.[1];
  return [
    `pgvip ${versions().trimEnd()}`,
    `kernel ${release()} (${kernelVersion()}), ${process.arch}`,
    `system ${system ?? "not known"}, host ${hostname()}`,
    `Patroni ${(await orWhy(() => patroniVersion(config))).trimEnd()}`,
    `gathered ${new Date().toISOString()}\n`,
  ].join("\n");
}

async function patroniVersion(sources: Sources): Promise<string> {
  const patroni = openPatroni(await loadPatroni(sources), systemClock);
  try {
    const { observation } = await patroni.health("/primary", PATRONI_TIMEOUT_MS);
    if (observation.kind === "unknown") throw new PgvipError("SYSTEM", `${observation.reason}: ${observation.detail}`);
    return observation.status.version ?? "of a version that it does not tell";
  } finally {
    patroni.close();
  }
}

function configurationText({ settings, problems }: ShownConfig): string {
  const valid = problems.length === 0 ? "The configuration is valid." : "The configuration is NOT valid:";
  return [valid, ...problems.map((problem) => `  ${problem}`), "", ...settings, ""].join("\n");
}

async function doctor(sources: Sources): Promise<string> {
  const config = await loadConfig(sources).catch(() => {
    throw new PgvipError("CONFIG", "the configuration is not valid (configuration.txt)");
  });
  return `${doctorText(examine(await gather(config, { listenMs: LISTEN_MS, root: "/" })))}\n`;
}

async function journal(unit: string): Promise<string> {
  const args = ["--unit", unit, "--lines", String(JOURNAL_LINES), "--no-pager", "--output", "short-iso-precise"];
  const limits = { timeout: JOURNAL_TIMEOUT_MS, maxBuffer: JOURNAL_BYTES };
  const { stdout } = await promisify(execFile)("journalctl", args, limits);
  return stdout;
}
