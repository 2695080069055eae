/** A page that needs nothing from elsewhere: it is one file, follows the reader's light or dark, and fits a narrow screen. */
import { escape } from "./markup.js";

/** `body` is HTML; `style` comes after the common one. */
export function page(title: string, body: string, style = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${commonStyle}${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

export function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escape(text)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((row) => cells("td", row)).join("");
  return `<div class="wide"><table>${cells("th", header)}${body}</table></div>`;
}

/** What a colour of a timeline means, as [look, words]. */
export function legend(entries: readonly (readonly [look: string, words: string])[]): string {
  const told = entries.map(([look, words]) => `<span><i class="${look}"></i> ${escape(words)}</span>`);
  return `<p class="legend">${told.join("\n")}\n<span>| ARP announcement</span></p>`;
}

const commonStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --page: #fff; --line: #d0d7de; --soft: #f3f5f7;
  --good: #1a7f37; --half: #bf8700; --bad: #cf222e; --none: #c3cad2; --old: #0969da; --new: #8250df; --point: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --page: #0d1117; --line: #30363d; --soft: #161b22;
  --good: #3fb950; --half: #d29922; --bad: #f85149; --none: #484f58; --old: #58a6ff; --new: #bc8cff; --point: #58a6ff; } }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--text); background: var(--page);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
figure { margin: 1rem 0 1.5rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
.row { display: grid; grid-template-columns: 11rem 1fr; align-items: center; gap: .5rem; margin-bottom: 2px; }
.label { font-size: 13px; text-align: right; }
svg { display: block; width: 100%; background: var(--soft); overflow: visible; }
rect.good, .legend .good { fill: var(--good); background: var(--good); }
rect.half, .legend .half { fill: var(--half); background: var(--half); }
rect.bad, .legend .bad { fill: var(--bad); background: var(--bad); }
rect.none, .legend .none { fill: var(--none); background: var(--none); }
rect.old, .legend .old { fill: var(--old); background: var(--old); }
rect.new, .legend .new { fill: var(--new); background: var(--new); }
.mark { stroke: var(--text); stroke-width: 1.5; }
.legend { font-size: 13px; }
.legend span { display: inline-block; margin-right: .6em; }
.legend i { display: inline-block; width: 1.2em; height: .8em; }
.ticks { position: relative; height: 1.4em; font-size: 12px; }
.ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th, td { padding: .15rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
@media (max-width: 40rem) { .row { grid-template-columns: 1fr; gap: 0; } .label { text-align: left; }
  .axis .label { display: none; } .ticks span:last-child { transform: translateX(-100%); } }
`;
