/**
 * Carries HTTP requests into a namespace: the driver lives outside of all of them. A program on a host of the lab; JSON
 * lines in (`HttpRequest`) and out (`HttpReply`).
 */
import { request } from "node:http";
import { createInterface } from "node:readline";
import { type HttpReply, httpRequest, type HttpRequest } from "./remote-http.js";
import { parseLine } from "./json-lines.js";

createInterface({ input: process.stdin }).on("line", (line) => {
  const order = parseLine(httpRequest, line);
  ask(order, (reply) => process.stdout.write(JSON.stringify(reply) + "\n"));
});

function ask({ id, method, url, body, timeoutMs }: HttpRequest, onReply: (reply: HttpReply) => void): void {
  const outgoing = request(url, { method, agent: false, signal: AbortSignal.timeout(timeoutMs) }, (incoming) => {
    let received = "";
    incoming.setEncoding("utf8");
    incoming.on("data", (chunk: string) => (received += chunk));
    incoming.on("error", fail);
    incoming.on("end", () => {
      onReply({ id, kind: "answered", status: incoming.statusCode ?? 0, body: received });
    });
  });
  function fail(error: Error): void {
    onReply({ id, kind: "failed", reason: "code" in error ? String(error.code) : error.name });
  }
  outgoing.on("error", fail);
  outgoing.end(body);
}
