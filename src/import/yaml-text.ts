/** A draft as the YAML file that pgvip reads, with remarks as comments. */
import { Document, type YAMLMap, isMap, isPair, isScalar, isSeq } from "yaml";
import type { Draft, Section } from "./draft.js";
import { type Finding, findingText } from "./findings.js";

const LINE_WIDTH = 100;

const HEADINGS: Readonly<Record<Finding["kind"], string>> = {
  wrong: "Was wrong:",
  byHand: "To be done by hand:",
  notNeeded: "Not needed any more:",
};

/** `sources`: the files that it comes from. */
export function yamlText(draft: Draft, sources: readonly string[]): string {
  const document = new Document({
    patroni: draft.patroni.settings,
    vips: draft.vips.map(({ settings }) => settings),
  });
  document.commentBefore = [
    ` Made by pgvip import from ${sources.join(", ")}. Look through it, then: pgvip check --config FILE`,
    ...remarks(draft.findings),
  ].join("\n");
  const patroni = document.get("patroni");
  if (isMap(patroni)) annotate(patroni, draft.patroni);
  const vips = document.get("vips");
  if (isSeq(vips)) {
    for (const [index, vip] of draft.vips.entries()) {
      const node = vips.items[index];
      if (!isMap(node)) continue;
      annotate(node, vip);
      node.commentBefore = wrapped(vip.heading, " ").join("\n");
    }
  }
  return document.toString({ lineWidth: 0 });
}

function annotate<Settings>(map: YAMLMap, { notes }: Section<Settings>): void {
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const note = (notes as Readonly<Record<string, string | undefined>>)[String(pair.key.value)];
    if (note !== undefined) pair.key.commentBefore = wrapped(note, " ").join("\n");
  }
}

function remarks(findings: readonly Finding[]): readonly string[] {
  return (["wrong", "byHand", "notNeeded"] as const).flatMap((kind) => {
    const some = findings.filter((finding) => finding.kind === kind);
    if (some.length === 0) return [];
    return ["", ` ${HEADINGS[kind]}`, ...some.flatMap((finding) => wrapped(findingText(finding), "   ", " - "))];
  });
}

/** Lines of a comment; the first one may begin in another way. */
function wrapped(text: string, indent: string, first = indent): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    if (line.trim() !== "" && line.length + word.length > LINE_WIDTH) {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
