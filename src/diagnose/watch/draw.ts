/**
 * The picture of `pgvip status --watch`: lines that fit the terminal, whatever its size. Pure, and plain ASCII, since nobody
 * chooses the terminal of a night.
 *
 * Lines have a rank; when there is no room, the highest rank goes first and the lowest line of it before the others.
 */
import { msText } from "../ping.js";
import { ago, headlineText, reasonText } from "../../status-text.js";
import type { GroupStatus } from "../../status.js";
import { memberText } from "./words.js";
import type { ClusterView, MemberView, VipPing, WatchView } from "./view.js";

export type Look = "plain" | "bold" | "good" | "bad";

export interface Line {
  readonly text: string;
  readonly look: Look;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Ranked extends Line {
  readonly rank: number;
}

/** What must be seen, what should, and what fills the room. */
const RANK = { vital: 0, node: 1, reason: 2, ping: 3, more: 4, header: 5, strip: 6, blank: 7 } as const;
/** Below this nothing can be read, and terminals that tell no size say 0. */
const LEAST: Size = { columns: 20, rows: 4 };
/** No answer for this long is shown. */
const SILENT_MS = 500;

/** At most `rows` lines of at most `columns` characters, without control characters. */
export function draw(view: WatchView, size: Size): readonly Line[] {
  const columns = Math.max(size.columns, LEAST.columns);
  const rows = Math.max(size.rows, LEAST.rows);
  const lines = fitRows([...head(view, columns), ...agentLines(view, columns), ...clusterLines(view, columns)], rows);
  const room = rows - lines.length - 2;
  const changes = room < 1 ? [] : changeLines(view, columns, room);
  return [...lines, ...changes].map(({ text, look }) => ({ text: fit(text, columns), look }));
}

function head({ nowMs }: WatchView, columns: number): readonly Ranked[] {
  const [title, keys] = [`pgvip status  ${clock(nowMs)} UTC`, "q ends"];
  const gap = " ".repeat(Math.max(2, columns - title.length - keys.length));
  return [line(RANK.header, `${title}${gap}${keys}`, "bold"), blank()];
}

function agentLines({ agent, nowMs, ping }: WatchView, columns: number): readonly Ranked[] {
  switch (agent.kind) {
    case "asking":
      return [line(RANK.vital, "asking the agent")];
    case "silent":
      return wrap(agent.why, columns, "  ").map((text) => line(RANK.vital, text, "bad"));
    case "answered":
      return agent.status.groups.flatMap((group) => {
        const pings = ping.kind === "off" ? [] : group.name.split(",").flatMap((vip) => pingLines(vip, ping.vips));
        return [...groupLines(group, nowMs, columns), ...pings, blank()];
      });
  }
}

function groupLines(group: GroupStatus, nowMs: number, columns: number): readonly Ranked[] {
  const { alarms, maintenance, state } = group;
  const isFine = state === "holder" || state === "standby";
  const look = !isFine ? "bad" : state === "holder" ? "good" : "bold";
  return [
    line(RANK.vital, `${group.vips.join(", ")}  ${headlineText(group)}, since ${ago(group.since, nowMs)}`, look),
    ...alarms.flatMap(({ text, code }) => rest(RANK.vital, wrap(`  ALARM ${text} (${code})`, columns, "    "), "bad")),
    ...rest(RANK.reason, wrap(`  ${reasonText(group, nowMs)}`, columns, "    ")),
    ...(maintenance === null ? [] : [line(RANK.node, `  ${maintenance.mode.toUpperCase()} by an operator`, "bad")]),
  ];
}

function pingLines(vip: string, pings: ReadonlyMap<string, VipPing>): readonly Ranked[] {
  const ping = pings.get(vip);
  if (ping === undefined) return [];
  const { lastAnswerMs, silentMs, longestSilenceMs, seconds } = ping;
  const isSilent = lastAnswerMs === null || silentMs >= SILENT_MS;
  const now = isSilent ? `SILENT for ${msText(silentMs)}` : msText(lastAnswerMs);
  const text = `  ping ${vip}: ${now}, longest silence ${msText(longestSilenceMs)}`;
  const strip = seconds.map((answered) => (answered ? "." : "x")).join("");
  return [line(RANK.ping, text, isSilent ? "bad" : "plain"), line(RANK.strip, `  ${strip}`)];
}

function clusterLines({ cluster, agent, ping }: WatchView, columns: number): readonly Ranked[] {
  const off = ping.kind === "off" ? rest(RANK.more, wrap(`no ping: ${ping.why}`, columns, "  ")) : [];
  const groups = agent.kind === "answered" ? agent.status.groups : [];
  return [...members(cluster, groups, columns), ...off];
}

function members(cluster: ClusterView, groups: readonly GroupStatus[], columns: number): readonly Ranked[] {
  if (cluster.kind === "asking") return [line(RANK.node, "asking Patroni for its members")];
  if (cluster.kind === "unknown") return rest(RANK.node, wrap(cluster.why, columns, "  "), "bad");
  const width = Math.max(6, ...cluster.members.map(({ name }) => name.length));
  const paused = cluster.paused ? [line(RANK.node, "the cluster is PAUSED (maintenance mode)", "bad")] : [];
  return [
    ...paused,
    line(RANK.header, `  ${"member".padEnd(width)}  Patroni`, "bold"),
    ...cluster.members.map((member) => memberLine(member, width, groups)),
  ];
}

function memberLine(member: MemberView, width: number, groups: readonly GroupStatus[]): Ranked {
  const { verdict, name, lagBytes, timeline } = member;
  const vips = groups.filter(({ holder }) => holder !== null && isHeldBy(holder, member)).map((group) => group.name);
  const numbers = [
    ...(lagBytes === null || lagBytes === 0 ? [] : [`lag ${bytesText(lagBytes)}`]),
    ...(timeline === null ? [] : [`timeline ${String(timeline)}`]),
  ];
  const place = vips.length === 0 ? "" : `<- ${vips.join(" ")}`;
  // The mark comes first: a narrow screen has no room for the rest.
  const mark = vips.length === 0 ? " " : "*";
  const text = `${mark} ${name.padEnd(width)}  ${memberText(member).padEnd(24)}${numbers.join(", ").padEnd(24)}${place}`;
  const look = verdict?.kind === "silent" ? "bad" : vips.length > 0 ? "good" : "plain";
  return line(RANK.node, text.trimEnd(), look);
}

function isHeldBy(holder: NonNullable<GroupStatus["holder"]>, { name, host }: MemberView): boolean {
  return holder.name === null ? holder.address === host : holder.name === name;
}

/** The latest ones that fit. */
function changeLines({ changes }: WatchView, columns: number, room: number): readonly Line[] {
  const lines = changes
    .slice(-room)
    .flatMap(({ atMs, text }) => wrap(`${clock(atMs)}  ${text}`, columns, " ".repeat(10)))
    .slice(-room);
  return [blank(), line(RANK.more, "what changed", "bold"), ...lines.map((text) => line(RANK.more, text))];
}

function line(rank: number, text: string, look: Look = "plain"): Ranked {
  return { rank, text, look };
}

function blank(): Ranked {
  return line(RANK.blank, "");
}

/** Of a text that takes several lines only the first has the text's own rank. */
function rest(rank: number, texts: readonly string[], look: Look = "plain"): readonly Ranked[] {
  return texts.map((text, index) => line(index === 0 ? rank : RANK.more, text, look));
}

function fitRows(lines: readonly Ranked[], rows: number): readonly Ranked[] {
  const kept = [...lines];
  while (kept.length > rows) {
    const highest = Math.max(...kept.map(({ rank }) => rank));
    kept.splice(
      kept.findLastIndex(({ rank }) => rank === highest),
      1,
    );
  }
  return kept;
}

/** Texts come from the network as well; control characters in them must not reach the terminal. */
function fit(text: string, columns: number): string {
  const plain = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
  return plain.length <= columns ? plain : `${plain.slice(0, columns - 1)}>`;
}

/** Lines of whole words; all but the first are indented. */
function wrap(text: string, columns: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let current = /^ */.exec(text)?.[0] ?? "";
  let isEmpty = true;
  for (const word of text.trim().split(" ")) {
    if (!isEmpty && current.length + 1 + word.length > columns) {
      lines.push(current);
      current = indent + word;
    } else current = isEmpty ? current + word : `${current} ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}

function clock(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(11, 19);
}

function bytesText(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? ["GiB", 2 ** 30] : bytes >= 2 ** 20 ? ["MiB", 2 ** 20] : ["KiB", 2 ** 10];
  return bytes < 1024 ? `${String(bytes)} B` : `${(bytes / size).toFixed(1)} ${unit}`;
}
