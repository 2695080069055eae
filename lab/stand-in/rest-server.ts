/**
 * Patroni's REST interface as version 3.0.2 has it: HTTP/1.0, one request per connection, the body ends at the close, no
 * Content-Length, and a bare status line for HEAD and OPTIONS. Node's own server cannot speak like that.
 */
import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { sleep, until } from "../wait.js";
import { answerGet, type Answer, type Peer, text } from "./rest-answers.js";
import type { Member } from "./member.js";
import type { PatroniOrder } from "./patroni-orders.js";
import * as v from "valibot";
import { parseLine } from "../json-lines.js";

const restPort = 8008;
const switchoverRequest = v.object({ leader: v.string(), candidate: v.string() });

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export class RestServer {
  readonly #member: Member;
  readonly #peers: readonly Peer[];
  readonly #illness: () => PatroniOrder;
  readonly #server: Server;

  constructor(member: Member, peers: readonly Peer[], illness: () => PatroniOrder) {
    this.#member = member;
    this.#peers = peers;
    this.#illness = illness;
    this.#server = createServer((socket) => {
      this.#hear(socket);
    });
  }

  listen(): void {
    this.#server.listen(restPort, "0.0.0.0");
  }

  /** Whether anybody listens at all. */
  takeConnections(takes: boolean): void {
    if (takes && !this.#server.listening) this.listen();
    if (!takes && this.#server.listening) this.#server.close();
  }

  #hear(socket: Socket): void {
    let received = "";
    socket.setEncoding("utf8").setNoDelay();
    socket.on("error", () => undefined);
    socket.on("data", (chunk: string) => {
      received += chunk;
      const request = wholeRequest(received);
      if (request !== null) void this.#serve(socket, request);
    });
  }

  async #serve(socket: Socket, request: Request): Promise<void> {
    socket.removeAllListeners("data");
    const { slowMs, manner } = this.#illness();
    if (manner === "hangs") return;
    if (manner === "babbles") {
      socket.end(randomBytes(2000));
      return;
    }
    if (manner === "redirects") {
      socket.end("HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:8008/patroni\r\n\r\n");
      return;
    }
    if (manner === "floods") {
      flood(socket);
      return;
    }
    if (manner === "trickles") {
      trickle(socket);
      return;
    }
    if (slowMs > 0) await sleep(slowMs);
    const answer = await this.#answer(request);
    // A Patroni that shuts down leaves its callers waiting until the process ends.
    if (this.#member.answersRest)
      socket.end(httpResponse(request.method, answer, Date.now() + this.#illness().clockMs));
  }

  async #answer({ method, path, body }: Request): Promise<Answer> {
    if (method === "POST" && path === "/switchover") return this.#switchover(body);
    if (method === "POST") return text(501, "Unsupported method ('POST')");
    const { lie, unlisted } = this.#illness();
    const listed = this.#peers.filter(({ name }) => !unlisted.includes(name));
    return answerGet(this.#member, { all: this.#peers, listed }, path, lie);
  }

  async #switchover(body: string): Promise<Answer> {
    const { leader, candidate } = parseLine(switchoverRequest, body);
    const known = this.#peers.some((peer) => peer.name === candidate);
    if (this.#member.dcsState?.leader !== leader) return text(412, "leader name does not match");
    if (!known || candidate === leader) return text(412, "candidate does not exists");
    this.#member.requestSwitchover(candidate);
    const leads = (): boolean => this.#member.dcsState?.leader === candidate;
    const done = await until("the candidate leads", leads, { timeoutMs: 10_000 }).catch(() => false);
    return done ? text(200, `Successfully switched over to "${candidate}"`) : text(503, "Switchover failed");
  }
}

const endlessHead = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{";

/** As fast as the caller takes it, for as long as it takes it. */
function flood(socket: Socket): void {
  const more = Buffer.alloc(64 * 1024, " ");
  const pour = (): void => {
    while (!socket.destroyed && socket.write(more));
  };
  socket.on("drain", pour);
  socket.write(endlessHead);
  pour();
}

function trickle(socket: Socket): void {
  socket.write(endlessHead);
  const timer = setInterval(() => socket.write(" "), 1_000);
  socket.on("close", () => {
    clearInterval(timer);
  });
}

/** `null` while the request is not complete. */
function wholeRequest(received: string): Request | null {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const head = received.slice(0, headEnd);
  const body = received.slice(headEnd + 4);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  if (Buffer.byteLength(body) < length) return null;
  const [method = "", path = ""] = head.split(" ");
  return { method, path, body };
}

function httpResponse(method: string, { status, type, body }: Answer, wallMs: number): string {
  const statusLine = `HTTP/1.0 ${status} ${reasons[status] ?? "Unknown"}\r\n`;
  if (type === null || method === "HEAD" || method === "OPTIONS") return statusLine + "\r\n";
  const headers = [
    `Server: BaseHTTP/0.6 Python/3.11.2`,
    `Date: ${new Date(wallMs).toUTCString()}`,
    `Content-Type: ${type}`,
  ];
  return statusLine + headers.join("\r\n") + "\r\n\r\n" + body;
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  412: "Precondition Failed",
  501: "Not Implemented",
  503: "Service Unavailable",
};
