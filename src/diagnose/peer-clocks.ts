/**
 * What time it is on the other members' hosts: their Patroni says so in the HTTP header `Date`, in whole seconds. `/config` is
 * asked, which touches no PostgreSQL and no DCS; `/liveness` would be less, but Patroni answers it without any header.
 */
import http from "node:http";
import https from "node:https";
import type { PatroniConfig } from "../config/config.js";
import type { Member } from "../core/observation.js";
import { authorization, tlsOptions } from "../shell/patroni-http.js";
import type { ClockEvidence } from "./evidence.js";

const TIMEOUT_MS = 2000;

/** One for each of these members; those whose REST API is not known or does not answer say so. */
export function askClocks(members: readonly Member[], patroni: PatroniConfig): Promise<readonly ClockEvidence[]> {
  return Promise.all(
    members.map(async ({ name, apiUrl }) => {
      if (apiUrl === null || !URL.canParse(apiUrl)) return silent(name, "Patroni names no URL of its REST API");
      try {
        return await askClock(name, new URL("/config", apiUrl), patroni);
      } catch (error) {
        return silent(name, error instanceof Error ? error.message : String(error));
      }
    }),
  );
}

function askClock(name: string, url: URL, { credentials, tls }: PatroniConfig): Promise<ClockEvidence> {
  return new Promise((resolve) => {
    const options = { agent: false, headers: authorization(credentials), signal: AbortSignal.timeout(TIMEOUT_MS) };
    const sentAtMs = Date.now();
    const request =
      url.protocol === "https:" ? https.get(url, { ...options, ...tlsOptions(tls) }) : http.get(url, options);
    request.on("response", (response) => {
      const receivedAtMs = Date.now();
      response.destroy();
      const dateMs = Date.parse(response.headers.date ?? "");
      if (Number.isNaN(dateMs)) resolve(silent(name, `${url.origin} tells no time`));
      else resolve({ name, outcome: { kind: "told", dateMs, sentAtMs, receivedAtMs } });
    });
    request.on("error", (error) => {
      resolve(silent(name, `${url.origin}: ${error.message}`));
    });
  });
}

function silent(name: string, text: string): ClockEvidence {
  return { name, outcome: { kind: "silent", text } };
}
