/** Arithmetic with spans of time: lists are sorted, and their spans do not overlap. Pure. */

/** CLOCK_MONOTONIC milliseconds, from the first to before the last. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Any spans, made a list without overlaps. */
export function union(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const { fromMs, toMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1);
    if (last === undefined || fromMs > last.toMs) merged.push({ fromMs, toMs });
    else merged[merged.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
  }
  return merged;
}

/** What of the first list lies outside of the second. */
export function subtract(spans: readonly Span[], without: readonly Span[]): Span[] {
  return spans.flatMap((span) =>
    without.reduce<Span[]>(
      (left, { fromMs, toMs }) =>
        left.flatMap((part) => [
          ...(part.fromMs < fromMs ? [{ fromMs: part.fromMs, toMs: Math.min(part.toMs, fromMs) }] : []),
          ...(part.toMs > toMs ? [{ fromMs: Math.max(part.fromMs, toMs), toMs: part.toMs }] : []),
        ]),
      [span],
    ),
  );
}

/** What of the list lies inside the span. */
export function within(spans: readonly Span[], { fromMs, toMs }: Span): Span[] {
  return subtract(spans, [
    { fromMs: -Infinity, toMs: fromMs },
    { fromMs: toMs, toMs: Infinity },
  ]);
}

/** What lies inside of both lists. */
export function intersect(spans: readonly Span[], others: readonly Span[]): Span[] {
  return others.flatMap((other) => within(spans, other));
}

export function totalMs(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** Spans in which something holds, from the moments at which it begins and ends; the last may go on for ever. */
export function spansOf(changes: readonly { readonly atMs: number; readonly holds: boolean }[]): Span[] {
  const spans: Span[] = [];
  let sinceMs: number | null = null;
  for (const { atMs, holds } of changes) {
    if (holds) sinceMs ??= atMs;
    else if (sinceMs !== null) {
      spans.push({ fromMs: sinceMs, toMs: atMs });
      sinceMs = null;
    }
  }
  return sinceMs === null ? spans : [...spans, { fromMs: sinceMs, toMs: Infinity }];
}
