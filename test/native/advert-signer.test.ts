/** The addon's SHA-256 and HMAC against the vectors of their standards and against OpenSSL, and what it signs, on any clock. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "../../lab/command.js";
import { compile } from "../../lab/compile.js";
import { parseTrailer, signedPart, TRAILER_LENGTH, unsignedTrailer } from "../../src/wire/advert-trailer.js";
import { concatBytes } from "../../src/wire/bytes.js";
import { centis, priority, vrid } from "../../src/wire/units.js";
import { emitAdvert, parseAdvert } from "../../src/wire/vrrp.js";
import { fromHex, hex } from "../wire/bytes.js";
import { signedVectors } from "../wire/vectors.js";

const directory = mkdtempSync(join(tmpdir(), "pgvip-signer-"));
const program = join(directory, "signing");
const root = fileURLToPath(new URL("../..", import.meta.url));
const KEY = "5a".repeat(32);

before(async () => {
  const sources = [
    "native/sha256.cc",
    "native/advert_signer.cc",
    "native/address.cc",
    "test/native/signing_program.cc",
  ];
  const paths = sources.map((file) => join(root, file));
  await compile(program, paths, ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]);
});

after(() => {
  rmSync(directory, { recursive: true });
});

/** The answers to requests, by one signer. */
async function ask(requests: readonly string[]): Promise<readonly string[]> {
  const stdout = await command(program, [], { input: requests.map((line) => `${line}\n`).join("") });
  return stdout.trimEnd().split("\n");
}

test("SHA-256: the examples of FIPS 180-4 and of NIST's byte-oriented short messages", async () => {
  const rows = [
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ] as const;
  const answers = await ask(rows.map(([text]) => `hash ${Buffer.from(text).toString("hex")}`));
  assert.deepEqual(
    answers,
    rows.map(([, digest]) => digest),
  );
});

test("HMAC-SHA256: the test cases of RFC 4231", async () => {
  const rows = [
    ["0b".repeat(20), "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [
      "4a656665",
      "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ],
    ["aa".repeat(20), "dd".repeat(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"],
    [
      "0102030405060708090a0b0c0d0e0f10111213141516171819",
      "cd".repeat(50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ],
    [
      "aa".repeat(131),
      Buffer.from("Test Using Larger Than Block-Size Key - Hash Key First").toString("hex"),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
    [
      "aa".repeat(131),
      Buffer.from(
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
      ).toString("hex"),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ],
  ] as const;
  const answers = await ask(rows.map(([key, data]) => `hmac ${key} ${data}`));
  assert.deepEqual(
    answers,
    rows.map(([, , digest]) => digest),
  );
});

test("SHA-256 and HMAC agree with OpenSSL for every length around the blocks", async () => {
  const data = Array.from({ length: 200 }, (_, length) =>
    Buffer.from(Array.from({ length }, (_, at) => (at * 7) & 255)),
  );
  const hashes = await ask(data.map((bytes) => `hash ${bytes.toString("hex")}`));
  const hmacs = await ask(data.slice(1).map((bytes) => `hmac ${bytes.toString("hex")} ${bytes.toString("hex")}`));
  assert.deepEqual(
    hashes,
    data.map((bytes) => createHash("sha256").update(bytes).digest("hex")),
  );
  assert.deepEqual(
    hmacs,
    data.slice(1).map((bytes) => createHmac("sha256", bytes).update(bytes).digest("hex")),
  );
});

test("the addon signs the images of the draft to the byte", async () => {
  for (const { family, source, destination, key, pdu, trailer } of signedVectors) {
    const parsed = parseAdvert(concatBytes(pdu, trailer), { family, source, destination, ttl: 255 });
    assert.ok(parsed.ok);
    const blank = emitAdvert(
      parsed.advert,
      { source, destination },
      { checksum: "pduOnly", trailer: unsignedTrailer(1) },
    );
    // Half a second after 0x68000000.
    const [signed] = await ask([`sign ${String(0x68000000)} 500000000 7 ${source} 5 ${hex(key)} ${hex(blank)}`]);
    assert.equal(signed, hex(concatBytes(pdu, trailer)));
  }
});

test("every signed advert keeps a right checksum and a right HMAC, however long it is", async () => {
  const cases = [1, 2, 5, 20, 255].flatMap((count) =>
    (["ipv4", "ipv6"] as const).map((family) => {
      const addresses = Array.from({ length: count }, (_, index) =>
        family === "ipv4" ? `10.0.${String(index)}.9` : `fe80::${index.toString(16)}`,
      );
      const ends = family === "ipv4" ? ["10.0.0.1", "224.0.0.18"] : ["fe80::1", "ff02::12"];
      const [source = "", destination = ""] = ends;
      const common = { kind: "v3", vrid: vrid(9), priority: priority(count), interval: centis(count) } as const;
      const trailer = unsignedTrailer(200);
      const pdu = emitAdvert(
        { ...common, family, addresses },
        { source, destination },
        { checksum: "pseudoHeader", trailer },
      );
      return { family, source, destination, pdu };
    }),
  );
  const answers = await ask(
    cases.map(
      ({ source, pdu }, index) => `sign ${String(1_795_000_000 + index)} 123456789 3 ${source} 5 ${KEY} ${hex(pdu)}`,
    ),
  );
  for (const [index, { family, source, destination }] of cases.entries()) {
    const whole = fromHex(answers[index] ?? "");
    const parsed = parseAdvert(whole, { family, source, destination, ttl: 255 });
    assert.ok(parsed.ok && parsed.trailer !== null, `${family} ${String(index)}`);
    assert.equal(parsed.trailer.keyId, 200);
    const digest = createHmac("sha256", fromHex(KEY)).update(signedPart(whole, { family, source })).digest();
    assert.equal(hex(parsed.trailer.hmac), hex(digest.subarray(0, 16)));
  }
});

test("without a key the bytes leave as they are", async () => {
  assert.deepEqual(await ask(["sign 1 0 3 10.0.0.1 5 - 3133c80100644402c0000264"]), ["3133c80100644402c0000264"]);
});

// ── the sequence, on virtual time ───────────────────────────────────────────────────────────────────────────────────

const advert = emitAdvert(
  {
    kind: "v3",
    family: "ipv4",
    vrid: vrid(51),
    priority: priority(100),
    interval: centis(10),
    addresses: ["10.0.0.9"],
  },
  { source: "10.0.0.1", destination: "224.0.0.18" },
  { checksum: "pduOnly", trailer: unsignedTrailer(1) },
);

/** Sequences signed at these instants, in seconds, with a window of 5 s. */
async function sequencesAt(instants: readonly number[], interfaceOf: (index: number) => number = () => 7) {
  const answers = await ask(
    instants.map((at, index) => {
      const nanoseconds = Math.round((at % 1) * 1e9);
      const when = `${String(Math.floor(at))} ${String(nanoseconds)}`;
      return `sign ${when} ${String(interfaceOf(index))} 10.0.0.1 5 ${KEY} ${hex(advert)}`;
    }),
  );
  return answers.map((text) => parseTrailer(fromHex(text).subarray(-TRAILER_LENGTH))?.sequence ?? assert.fail(text));
}

const SECOND = 1n << 32n;

test("sequences follow the clock, and grow where it stands", async () => {
  assert.deepEqual(await sequencesAt([100, 100, 100.5, 101, 101]), [
    100n * SECOND,
    100n * SECOND + 1n,
    100n * SECOND + SECOND / 2n,
    101n * SECOND,
    101n * SECOND + 1n,
  ]);
});

test("a clock set back a little: sequences grow on until it has caught up", async () => {
  assert.deepEqual(await sequencesAt([100, 97, 98, 101]), [
    100n * SECOND,
    100n * SECOND + 1n,
    100n * SECOND + 2n,
    101n * SECOND,
  ]);
});

test("a clock set back by more than the window: sequences begin anew from it", async () => {
  assert.deepEqual(await sequencesAt([1000, 100, 101]), [1000n * SECOND, 100n * SECOND, 101n * SECOND]);
});

test("each interface has a sequence of its own", async () => {
  assert.deepEqual(await sequencesAt([1000, 998, 998], (index) => index % 2), [
    1000n * SECOND,
    998n * SECOND,
    1000n * SECOND + 1n,
  ]);
});

test("the seconds wrap around", async () => {
  const last = 2 ** 32 - 1;
  assert.deepEqual(await sequencesAt([last, last + 1, last + 2]), [BigInt(last) * SECOND, 0n, SECOND]);
});
