/**
 * The answer to an HTTP/1.0 request on a connection of its own (RFC 9112): status line, header fields, and a body that ends
 * with the connection, or earlier where a length says so. Pure; hostile bytes never throw.
 */

export type HttpAnswer =
  | { readonly kind: "whole"; readonly status: number; readonly body: string }
  /** The connection ended too early. */
  | { readonly kind: "cutOff"; readonly problem: string }
  | { readonly kind: "malformed"; readonly problem: string };

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r\n)/;
const LENGTH = /^\d{1,15}$/;

/** Lenient about fields that change nothing about the body. */
export function parseHttpAnswer(bytes: Uint8Array): HttpAnswer {
  const headBytes = endOfHead(bytes);
  // Bytes as they are: fields are ASCII (RFC 9110 section 5.5), and what is not is not looked at.
  const head = String.fromCharCode(...bytes.subarray(0, headBytes ?? LONGEST_STATUS_LINE));
  const status = STATUS_LINE.exec(head)?.[1];
  if (status === undefined && bytes.length > 0) return { kind: "malformed", problem: "no HTTP status line" };
  if (status === undefined || headBytes === null) return { kind: "cutOff", problem: "the header does not end" };
  const present = bytes.length - headBytes;
  const length = contentLength(head);
  if (typeof length === "string") return { kind: "malformed", problem: length };
  if (length !== null && length > present) {
    return { kind: "cutOff", problem: `${String(present)} of ${String(length)} bytes` };
  }
  const body = new TextDecoder().decode(bytes.subarray(headBytes, headBytes + (length ?? present)));
  return { kind: "whole", status: Number(status), body };
}

const LONGEST_STATUS_LINE = 512;
/** Longest header that is read; Node's own client stops at the same. */
const MAX_HEAD_BYTES = 16 * 1024;
const CR = 13;
const LF = 10;

function endOfHead(bytes: Uint8Array): number | null {
  for (let at = bytes.indexOf(CR); at !== -1 && at < MAX_HEAD_BYTES; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return null;
}

/** `null`: the body ends with the connection. A text: what is wrong with the fields that tell. */
function contentLength(head: string): number | string | null {
  let told: string | null = null;
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    // An answer to HTTP/1.0 must not have one (RFC 9112 section 6.1).
    if (name === "transfer-encoding") return "a transfer coding in answer to HTTP/1.0";
    if (name !== "content-length") continue;
    const value = line.slice(colon + 1).trim();
    if (!LENGTH.test(value) || (told !== null && told !== value)) return "a content length that is none";
    told = value;
  }
  return told === null ? null : Number(told);
}
