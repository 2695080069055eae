/** The Patroni client over TLS: CA, host name, client certificate. The certificates are made here, with openssl. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, after, before, test } from "node:test";
import type { TlsConfig } from "../../src/config/config.js";
import type { Observation } from "../../src/core/observation.js";
import { PgvipError } from "../../src/errors.js";
import { openPatroni } from "../../src/shell/patroni-http.js";
import { systemClock } from "../../src/shell/system-clock.js";
import { body, listening, patroniConfig, patroniServer } from "./servers.js";

const AMPLE_MS = 10_000;
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
const VERIFIED: TlsConfig = { ca: null, client: null, verify: true };
const directory = mkdtempSync(path.join(tmpdir(), "pgvip-tls-"));

before(() => {
  authority("ca");
  authority("other-ca");
  certificate("server", "ca", "IP:127.0.0.1");
  certificate("elsewhere", "ca", "DNS:pg9.example");
  certificate("client", "ca", "DNS:agent");
  certificate("stranger", "other-ca", "DNS:agent");
});
after(() => {
  rmSync(directory, { recursive: true });
});

test("a certificate of the given CA", async (t) => {
  const observation = await observe(await server(t), { ...VERIFIED, ca: file("ca.pem") });
  assert.ok(observation.kind === "answered" && observation.hasRole);
});

test("a certificate of another CA, or of one nobody knows", async (t) => {
  const port = await server(t);
  isTls(await observe(port, { ...VERIFIED, ca: file("other-ca.pem") }));
  isTls(await observe(port, VERIFIED));
});

test("a certificate of another host", async (t) => {
  isTls(await observe(await server(t, { name: "elsewhere" }), { ...VERIFIED, ca: file("ca.pem") }));
});

test("insecure takes any certificate", async (t) => {
  const observation = await observe(await server(t, { name: "elsewhere" }), { ...VERIFIED, verify: false });
  assert.equal(observation.kind, "answered");
});

test("a client certificate, where the server wants one", async (t) => {
  const port = await server(t, { wantsClient: true });
  const ca = file("ca.pem");
  const observation = await observe(port, { ...VERIFIED, ca, client: pair("client") });
  assert.equal(observation.kind, "answered");
  // With TLS 1.3 the server refuses after its own part of the handshake is over: the client sees the alert, or a reset.
  for (const client of [null, pair("stranger")]) {
    const refused = await observe(port, { ...VERIFIED, ca, client });
    assert.ok(refused.kind === "unknown" && ["tls", "reset"].includes(refused.reason), JSON.stringify(refused));
  }
});

test("a server that does not speak TLS", async (t) => {
  isTls(await observe(await patroniServer(t, 200, body("4.1.4-primary")), VERIFIED));
});

test("files that are no certificate or do not belong together", () => {
  const unusable: readonly TlsConfig[] = [
    { ...VERIFIED, client: { cert: file("client.pem"), key: file("stranger.key") } },
    { ...VERIFIED, client: { cert: file("client.key"), key: file("client.key") } },
    { ...VERIFIED, ca: file("missing.pem") },
  ];
  for (const tls of unusable) {
    assert.throws(
      () => openPatroni({ ...patroniConfig(1), url: "https://127.0.0.1:1", tls }, systemClock),
      (error) => error instanceof PgvipError && error.code === "CONFIG",
    );
  }
});

test("a server that speaks no TLS: what is told is one line for people", async (t) => {
  const observation = await observe(await patroniServer(t, 200, body("4.1.4-primary")), VERIFIED);
  assert.ok(observation.kind === "unknown", JSON.stringify(observation));
  assert.equal(observation.detail, "TLS handshake: wrong version number: what answers speaks no TLS");
});

function isTls(observation: Observation): void {
  assert.ok(observation.kind === "unknown" && observation.reason === "tls", JSON.stringify(observation));
}

async function observe(port: number, tls: TlsConfig): Promise<Observation> {
  const patroni = openPatroni({ ...patroniConfig(port), url: `https://127.0.0.1:${String(port)}`, tls }, systemClock);
  try {
    return (await patroni.health("/primary", AMPLE_MS)).observation;
  } finally {
    patroni.close();
  }
}

function server(t: TestContext, { name = "server", wantsClient = false } = {}): Promise<number> {
  const options = {
    cert: readFileSync(file(`${name}.pem`)),
    key: readFileSync(file(`${name}.key`)),
    ca: readFileSync(file("ca.pem")),
    requestCert: wantsClient,
    rejectUnauthorized: wantsClient,
  };
  return listening(
    t,
    https.createServer(options, (_, response) => response.end(body("4.1.4-primary"))),
  );
}

function file(name: string): string {
  return path.join(directory, name);
}

function pair(name: string) {
  return { cert: file(`${name}.pem`), key: file(`${name}.key`) };
}

function authority(name: string): void {
  openssl("req", "-x509", ...KEY, "-subj", `/CN=${name}`, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`));
}

function certificate(name: string, issuer: string, altName: string): void {
  const signed = [
    "-CA",
    file(`${issuer}.pem`),
    "-CAkey",
    file(`${issuer}.key`),
    "-addext",
    `subjectAltName=${altName}`,
  ];
  openssl(
    "req",
    "-x509",
    ...KEY,
    ...signed,
    "-subj",
    `/CN=${name}`,
    "-keyout",
    file(`${name}.key`),
    "-out",
    file(`${name}.pem`),
  );
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
