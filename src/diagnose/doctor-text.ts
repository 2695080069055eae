/** The findings of `pgvip doctor` for people: what is wrong first in each line's eye, why and how to mend below it. */
import type { Finding, Problem, Severity } from "./finding.js";

const MARKS: Readonly<Record<Severity, string>> = { error: "ERROR", warning: "WARNING", advice: "advice" };
const SEVERITIES: readonly Severity[] = ["error", "warning", "advice"];

export function doctorText(findings: readonly Finding[]): string {
  return [...findings.flatMap(lines), "", summary(findings)].join("\n");
}

export function problemsOf(findings: readonly Finding[]): readonly Problem[] {
  return findings.filter((finding) => finding.kind === "problem");
}

function lines(finding: Finding): readonly string[] {
  const { check, what } = finding;
  switch (finding.kind) {
    case "passed":
      return [row("ok", check, what)];
    case "skipped":
      return [row("-", check, `not checked: ${what}`)];
    case "problem":
      return [
        row(MARKS[finding.severity], check, what),
        row("", "", `why:  ${finding.why}`),
        row("", "", `mend: ${finding.mend}`),
      ];
  }
}

function row(mark: string, check: string, text: string): string {
  return `${mark.padEnd(8)} ${check.padEnd(19)} ${text}`;
}

function summary(findings: readonly Finding[]): string {
  const problems = problemsOf(findings);
  const counts = SEVERITIES.map((severity) => {
    const count = problems.filter((one) => one.severity === severity).length;
    if (severity === "advice") return `${String(count)} advice`;
    return `${String(count)} ${severity}${count === 1 ? "" : "s"}`;
  });
  const skippedCount = findings.filter(({ kind }) => kind === "skipped").length;
  return `${counts.join(", ")}${skippedCount === 0 ? "" : `, ${String(skippedCount)} not checked`}`;
}
