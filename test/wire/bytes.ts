/** Bytes as tests write them. */

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Hexadecimal digits, with spaces wherever they help reading. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Error(`not hexadecimal: ${text}`);
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** A copy with some bytes replaced. */
export function patched(bytes: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const copy = bytes.slice();
  for (const [offset, value] of Object.entries(changes)) copy[Number(offset)] = value;
  return copy;
}

export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const offset = bit >>> 3;
  return patched(bytes, { [offset]: (bytes[offset] ?? 0) ^ (0x80 >>> (bit & 7)) });
}
