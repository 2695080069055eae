/** Asks Patroni for a switchover: `POST /switchover`, which needs the same credentials as any other change. */
import http from "node:http";
import https from "node:https";
import type { PatroniConfig } from "../config/config.js";
import { PgvipError } from "../errors.js";
import { authorization, tlsOptions } from "../shell/patroni-http.js";

/** Patroni answers when the switchover is over. */
const TIMEOUT_MS = 60_000;
const MAX_CHARS = 500;

export interface Switchover {
  readonly leader: string;
  readonly candidate: string;
}

/** Resolves with Patroni's words. Throws a PgvipError (SYSTEM) with them when it refuses. */
export function requestSwitchover(config: PatroniConfig, switchover: Switchover): Promise<string> {
  const url = new URL("/switchover", config.url);
  const body = JSON.stringify(switchover);
  const headers = {
    ...authorization(config.credentials),
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
  };
  const options = { method: "POST", agent: false, headers, signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      reject(new PgvipError("SYSTEM", `Patroni at ${config.url} did not switch over: ${why}`, { cause }));
    };
    const tls = url.protocol === "https:" ? tlsOptions(config.tls) : null;
    const request = tls === null ? http.request(url, options) : https.request(url, { ...options, ...tls });
    request.on("error", (error) => {
      fail(error.message, error);
    });
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (text.length < MAX_CHARS) text += chunk;
      });
      response.on("error", (error) => {
        fail(error.message, error);
      });
      response.on("end", () => {
        const words = text.trim().slice(0, MAX_CHARS);
        if (response.statusCode === 200 || response.statusCode === 202) resolve(words);
        else fail(`HTTP status ${String(response.statusCode ?? 0)}: ${words}`);
      });
    });
    request.end(body);
  });
}
