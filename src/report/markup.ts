/** HTML from plain text, safely. */

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}

/** A row of a plot: its name, and an SVG that is as wide as the page allows. */
export function plotRow(label: string, heightPx: number, shapes: readonly string[]): string {
  return (
    `<div class="row"><div class="label">${escape(label)}</div>` +
    `<svg height="${String(heightPx)}" role="img" aria-label="${escape(label)}">${shapes.join("")}</svg></div>`
  );
}

/** Ticks below the rows of a plot. */
export function axis(ticks: readonly { readonly share: number; readonly label: string }[]): string {
  const spans = ticks.map(({ share, label }) => `<span style="left:${percent(share)}">${escape(label)}</span>`);
  return `<div class="row axis"><div class="label"></div><div class="ticks">${spans.join("")}</div></div>`;
}
