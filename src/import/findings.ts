/** What an import has to say beside the configuration itself. Every line of the old file ends in one or the other. */

export interface Finding {
  /** `wrong`: it never did what its author meant. `byHand`: pgvip does not do it, somebody has to look. */
  readonly kind: "wrong" | "byHand" | "notNeeded";
  /** `keepalived.conf:12`; more than one where nodes say the same. */
  readonly places: readonly string[];
  /** A setting or a fact: `garp_master_delay 5`. */
  readonly what: string;
  /** One or two sentences without the final period; empty when `what` says all. */
  readonly why: string;
}

/** Findings of one kind and one reason become one; the order of their first occurrence stays. */
export function joined(findings: readonly Finding[]): readonly Finding[] {
  const byReason = new Map<string, Finding>();
  for (const finding of findings) {
    const { kind, what, why } = finding;
    const key = why === "" ? `${kind} ${what}` : `${kind} ${why}`;
    const before = byReason.get(key);
    byReason.set(key, before === undefined ? finding : together(before, finding));
  }
  return [...byReason.values()];
}

function together(a: Finding, b: Finding): Finding {
  const subjects = [...new Set([...a.what.split(", "), b.what])];
  return { ...a, what: subjects.join(", "), places: [...new Set([...a.places, ...b.places])] };
}

const MOST_PLACES = 3;

/** One sentence, with its places in brackets. */
export function findingText({ places, what, why }: Finding): string {
  const more = places.length - MOST_PLACES;
  const named = [...places.slice(0, MOST_PLACES), ...(more > 0 ? [`${String(more)} more`] : [])];
  const where = places.length === 0 ? "" : ` (${named.join(", ")})`;
  return why === "" ? `${what}${where}.` : `${what}${where}: ${why}.`;
}
