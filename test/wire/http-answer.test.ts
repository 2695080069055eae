/** Answers of an HTTP/1.0 server, good and bad (RFC 9112). How whole exchanges go is in test/shell/patroni-http.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type HttpAnswer, parseHttpAnswer } from "../../src/wire/http-answer.js";

function parse(text: string): HttpAnswer {
  return parseHttpAnswer(Buffer.from(text, "latin1"));
}

describe("an HTTP answer", () => {
  it("has a body up to the end of the connection", () => {
    const text = "HTTP/1.0 503 Service Unavailable\r\nServer: BaseHTTP/0.6\r\n\r\n{}";
    assert.deepEqual(parse(text), { kind: "whole", status: 503, body: "{}" });
  });

  it("has the body that its length tells, whatever follows", () => {
    const text = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n{}garbage";
    assert.deepEqual(parse(text), { kind: "whole", status: 200, body: "{}" });
  });

  it("may do without a reason phrase and without fields", () => {
    assert.deepEqual(parse("HTTP/1.0 200\r\n\r\n"), { kind: "whole", status: 200, body: "" });
  });

  it("is read as UTF-8", () => {
    const bytes = Buffer.concat([Buffer.from("HTTP/1.0 200 OK\r\n\r\n"), Buffer.from("é")]);
    assert.deepEqual(parseHttpAnswer(bytes), { kind: "whole", status: 200, body: "é" });
  });

  const bad: readonly (readonly [string, string, HttpAnswer["kind"]])[] = [
    ["nothing", "", "cutOff"],
    ["half a header", "HTTP/1.0 200 OK\r\nServer", "cutOff"],
    ["a header beyond the limit", `HTTP/1.0 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "cutOff"],
    ["a body shorter than told", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n{}", "cutOff"],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n", "malformed"],
    ["a status that is none", "HTTP/1.0 2000 OK\r\n\r\n", "malformed"],
    ["a length that is none", "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed"],
    ["two lengths", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", "malformed"],
    ["a transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "malformed"],
  ];
  for (const [name, text, kind] of bad) {
    it(`is refused: ${name}`, () => {
      assert.equal(parse(text).kind, kind);
    });
  }

  it("never throws, whatever the bytes", () => {
    const tail = fc.uint8Array({ maxLength: 200 });
    const head = fc.constantFrom(
      "",
      "HTTP/1.0 200 OK\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: ",
      "HTTP/1.0 200 OK\r\n\r\n",
    );
    fc.assert(
      fc.property(head, tail, (start, rest) => {
        const answer = parseHttpAnswer(Buffer.concat([Buffer.from(start), rest]));
        assert.ok(answer.kind !== "whole" || answer.status >= 100);
      }),
    );
  });
});
