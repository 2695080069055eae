/** What a check of `pgvip doctor` has to say. */

/** `error`: a VIP will not work here. `warning`: it works until something happens. `advice`: it could be better. */
export type Severity = "error" | "warning" | "advice";

export type Finding =
  | { readonly kind: "passed"; readonly check: string; readonly what: string }
  | {
      readonly kind: "problem";
      readonly check: string;
      readonly severity: Severity;
      /** What was found, with the place and the value. */
      readonly what: string;
      readonly why: string;
      readonly mend: string;
    }
  /** The check could not be made. */
  | { readonly kind: "skipped"; readonly check: string; readonly what: string };

export type Problem = Finding & { readonly kind: "problem" };

/** One check is one row of the table in checks.ts; it speaks without its own name. */
type WithoutCheck<Kind extends Finding> = Kind extends Finding ? Omit<Kind, "check"> : never;
export type Said = WithoutCheck<Finding>;

export function passed(what: string): Said {
  return { kind: "passed", what };
}

export function skipped(what: string): Said {
  return { kind: "skipped", what };
}

export function problem(
  severity: Severity,
  what: string,
  because: { readonly why: string; readonly mend: string },
): Said {
  return { kind: "problem", severity, what, ...because };
}
