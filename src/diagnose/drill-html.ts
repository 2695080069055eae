/** A drill as one HTML file without anything from elsewhere: what it came to, the timeline, all events. Pure. */
import { escape } from "../report/markup.js";
import { legend, page, table } from "../report/page.js";
import { timeline } from "../report/timeline.js";
import type { DrillResult } from "./drill.js";
import { msText } from "./ping.js";

/** The calm before, as far as it is drawn. */
const BEFORE_MS = 300;

export function drillHtml(result: DrillResult): string {
  const { vip, from, to, startedAt, lanes, events } = result;
  const endMs = Math.max(100, ...lanes.flatMap(({ spans }) => spans.map(({ toMs }) => toMs)));
  const body = `<h1>${escape(vip)}: from ${escape(from)} to ${escape(to)}</h1>
<p>${escape(startedAt)}, measured by pgvip drill from one client. Times count from the order, or from the first sign of the change.</p>
${table(["what", "when or how long"], summary(result))}
<h2>Timeline</h2>
${lookLegend}
${timeline("who did what, and what the client met", lanes, { fromMs: -BEFORE_MS, toMs: endMs })}
<p class="legend">Patroni and PostgreSQL: by the word of Patroni on each member, asked every 20 ms. VIP: who announced it on
the wire. Point at a bar to read its times.</p>
<h2>Client</h2>
${table(["probe", "longest silence", "answered", "refused", "failed"], clientRows(result))}
<h2>Events</h2>
${table(
  ["when", "who", "what"],
  events.map(({ atMs, actor, text }) => [instant(atMs), actor, text]),
)}`;
  return page(`pgvip drill: ${vip} from ${from} to ${to}`, body, style);
}

function summary({ writableMs, servedMs, ownShareMs, probes }: DrillResult): readonly (readonly string[])[] {
  return [
    ["the new leader took writes at", writableMs === null ? "not seen" : instant(writableMs)],
    ["a client got through the VIP at", servedMs === null ? "not seen" : instant(servedMs)],
    ["the VIP's own share of the outage", ownShareMs === null ? "not known" : msText(ownShareMs)],
    ...probes.map(({ name, longestSilenceMs }) => [`longest silence, ${name}`, msText(longestSilenceMs)]),
  ];
}

function clientRows({ probes }: DrillResult): readonly (readonly string[])[] {
  return probes.map(({ name, longestSilenceMs, answered, refused, failed }) => [
    name,
    msText(longestSilenceMs),
    ...[answered, refused, failed].map(String),
  ]);
}

function instant(ms: number): string {
  return `${ms < 0 ? "" : "+"}${ms.toFixed(0)} ms`;
}

const lookLegend = legend([
  ["good", "has the lock, takes writes, has the VIP, answers"],
  ["half", "has the lock but no writes yet; keeps the VIP until it is taken"],
  ["bad", "refused, lost, down"],
  ["none", "a replica, let go, or silent"],
]);

const style = `
th, td { text-align: left; white-space: normal; }
td:first-child { white-space: nowrap; }
`;
