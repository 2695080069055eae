/**
 * Assertions: for what can only be false when pgvip itself is wrong. They throw, nobody catches them, the agent ends and
 * the kernel lease removes the VIP.
 */

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** Ends an exhaustive `switch`: the compiler proves that no kind was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable: ${JSON.stringify(value)}`);
}

class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}
