/** JSON with byte arrays in it, as `{"hex": "…"}`. */
import type { NetworkEvent, NetworkOrder } from "../../src/ports/network.js";
import { parseEvent } from "./event-shape.js";

/** Ends each event on its way through a pipe: a line without it was cut off. */
export const LINE_END = ";";

export function encode(value: NetworkEvent | NetworkOrder): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item instanceof Uint8Array ? { hex: Buffer.from(item).toString("hex") } : item,
  );
}

/** What comes out is what went in: this suite writes the orders, and the addon checks them. */
export function decodeOrder(line: string): NetworkOrder {
  return decode(line) as NetworkOrder;
}

export function decodeEvent(line: string): NetworkEvent {
  return parseEvent(decode(line));
}

function decode(line: string): unknown {
  return JSON.parse(line, (_key, item: unknown) =>
    typeof item === "object" && item !== null && "hex" in item && typeof item.hex === "string"
      ? new Uint8Array(Buffer.from(item.hex, "hex"))
      : item,
  );
}
