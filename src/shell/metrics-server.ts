/** Serves `/metrics` and `/healthz` over HTTP. Trouble here never touches a VIP: it is logged, and the agent goes on. */
import { once } from "node:events";
import http from "node:http";
import type { HostPort } from "../config/values.js";
import type { Logger } from "../log.js";
import type { StatusDocument } from "../status.js";

export interface MetricsServer {
  /** Where it listens: `http://127.0.0.1:9750`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface Served {
  readonly contentType: string;
  readonly text: () => Promise<string>;
  readonly status: () => StatusDocument;
}

/** A scrape takes milliseconds; whoever takes longer holds nothing up but itself. */
const TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 50;

/** `null` when the address cannot be had. */
export async function serveMetrics(
  { host, port }: HostPort,
  served: Served,
  log: Logger,
): Promise<MetricsServer | null> {
  const server = http.createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, (request, response) => {
    void answer(request, served).then(({ status, type, body }) => {
      response.writeHead(status, { "content-type": type }).end(request.method === "HEAD" ? undefined : body);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.unref();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    log.error({ event: "metrics" }, `no metrics are served: ${text}`);
    return null;
  }
  server.on("error", (error) => {
    log.warn({ event: "metrics" }, error.message);
  });
  const address = server.address();
  const bound = address !== null && typeof address === "object" ? address.port : port;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${String(bound)}`;
  log.info({ event: "metrics", url }, `metrics on ${url}/metrics`);
  return {
    url,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer({ method, url }: http.IncomingMessage, served: Served): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return plain(405, "only GET and HEAD");
  switch (url?.split("?")[0]) {
    case "/metrics":
      return { status: 200, type: served.contentType, body: await served.text() };
    case "/healthz":
      return health(served.status());
    default:
      return plain(404, "try /metrics or /healthz");
  }
}

/** Ill is an agent that cannot do its work. A Patroni that does not answer is not the agent's illness. */
function health({ groups }: StatusDocument): Answer {
  const lines = groups.map(({ name, state, reason }) => `${name}: ${state} (${reason})`);
  const ill = groups.some(({ state }) => state === "fault");
  return plain(ill ? 503 : 200, lines.join("\n"));
}

function plain(status: number, text: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${text}\n` };
}
