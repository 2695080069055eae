/** Local servers that answer as a Patroni would, or as badly as anything can. All of them end with the test. */
import { readFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { PatroniConfig } from "../../src/config/config.js";

/** Bodies captured from real Patronis; see the README beside them. */
export function body(name: string): string {
  return readFileSync(new URL(`../wire/patroni/${name}.json`, import.meta.url), "utf8");
}

/** Listens on a free port of 127.0.0.1. */
export async function listening(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

export function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

/** An HTTP server with Node's own manners. */
export function httpServer(t: TestContext, handler: http.RequestListener): Promise<number> {
  return listening(t, http.createServer(handler));
}

/** As Python's http.server answers: HTTP/1.0, no length, the end of the connection is the end of the body. */
export function patroniServer(t: TestContext, status: number, text: string): Promise<number> {
  return rawServer(t, (socket) =>
    socket.end(`HTTP/1.0 ${String(status)} x\r\nContent-Type: application/json\r\n\r\n${text}`),
  );
}

/** Does as told once the first bytes of a request are there. */
export function rawServer(t: TestContext, respond: (socket: net.Socket) => unknown): Promise<number> {
  const server = net.createServer((socket) => {
    socket.once("data", () => void respond(socket));
  });
  return listening(t, server);
}

/** Text in single bytes, with a pause before each, until the other side has had enough. */
export async function drip(socket: net.Socket, text: string, pauseMs: number): Promise<void> {
  for (const byte of Buffer.from(text)) {
    await delay(pauseMs);
    if (socket.destroyed) return;
    socket.write(Buffer.of(byte));
  }
  socket.end();
}

/** A configuration for a Patroni on this port, with PostgreSQL on a port where nobody listens unless told. */
export function patroniConfig(port: number, rest: Partial<PatroniConfig> = {}): PatroniConfig {
  return {
    url: `http://127.0.0.1:${String(port)}`,
    scope: null,
    name: null,
    credentials: null,
    tls: { ca: null, client: null, verify: true },
    connectTimeoutMs: 1000,
    postgres: { host: "127.0.0.1", port: 1 },
    ...rest,
  };
}
