/** What the demo shows at a moment, and how it looks as text. Pure. */
import { formatMs } from "../measure.js";

export interface NodeView {
  readonly name: string;
  readonly address: string;
  /** What its Patroni says. */
  readonly patroni: string;
  readonly hasVip: boolean;
}

export interface PingView {
  readonly sent: number;
  readonly lost: number;
  /** Round trip of the last answer; `null` while none comes. */
  readonly lastMs: number | null;
  readonly longestSilenceMs: number;
  /** The last seconds, oldest first: whether every echo of that slice was answered. */
  readonly slices: readonly boolean[];
}

export interface DemoView {
  readonly title: string;
  readonly vip: string;
  readonly nodes: readonly NodeView[];
  readonly ping: PingView;
  readonly notes: readonly string[];
}

const esc = "\u001b[";
const bold = (text: string): string => `${esc}1m${text}${esc}0m`;
const green = (text: string): string => `${esc}32m${text}${esc}0m`;
const red = (text: string): string => `${esc}31m${text}${esc}0m`;

/** Lines of at most `columns` characters, at most `rows` of them: the oldest notes go first. */
export function draw(view: DemoView, columns: number, rows: number): string[] {
  const head = [bold(fit(view.title, columns)), "", ...view.nodes.map((node) => drawNode(node, view.vip, columns)), ""];
  const ping = [drawPing(view, columns), drawSlices(view.ping.slices, columns), ""];
  const room = Math.max(1, rows - head.length - ping.length - 1);
  // A note is at most a few lines, so no more of them than there is room for are worth wrapping.
  const notes = view.notes.slice(-room).flatMap((note) => wrap(note, columns));
  return [...head, ...ping, ...notes.slice(-room)];
}

export function pingLine({ vip, ping }: DemoView): string {
  const answer = ping.lastMs === null ? "no answer" : `time=${ping.lastMs.toFixed(3)} ms`;
  const silence = formatMs(ping.longestSilenceMs);
  return `ping ${vip} each 10 ms: ${answer}  sent ${ping.sent}  lost ${ping.lost}  longest silence ${silence}`;
}

function drawNode({ name, address, patroni, hasVip }: NodeView, vip: string, columns: number): string {
  const line = fit(`  ${name.padEnd(8)}${address.padEnd(17)}${patroni.padEnd(24)}${hasVip ? `◀ ${vip}` : ""}`, columns);
  return hasVip ? green(line) : line;
}

function drawPing(view: DemoView, columns: number): string {
  const line = fit(`  ${pingLine(view)}`, columns);
  return view.ping.lastMs === null ? red(line) : line;
}

function drawSlices(slices: readonly boolean[], columns: number): string {
  const cells = slices.slice(-(columns - 3)).map((answered) => (answered ? green("▂") : red("×")));
  return `  ${cells.join("")}`;
}

function fit(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}

/** Lines of whole words; all but the first are indented. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > columns && line !== "") {
      lines.push(line);
      line = `    ${word}`;
    } else line = longer;
  }
  return [...lines, line].map((whole) => fit(whole, columns));
}
