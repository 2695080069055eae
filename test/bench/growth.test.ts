import assert from "node:assert/strict";
import { test } from "node:test";
import { keepalivedConf, pgvipYaml, vipsOf } from "../../bench/growth/load.js";
import { deviationsOf } from "../../bench/growth/run.js";
import { loaded } from "../config/sources.js";

const load = { groups: 3, vips: 2 };

test("both systems are told of the same groups and VIPs", async () => {
  const vips = vipsOf(load);
  assert.deepEqual(vips[2], ["10.187.3.1/32", "10.187.3.2/32"]);
  assert.equal(new Set(vipsOf({ groups: 255, vips: 100 }).flat()).size, 25_500);
  const { groups } = await loaded({ yaml: pgvipYaml(load) });
  assert.deepEqual(
    groups.map(({ routerId, vips: own }) => [routerId, own.map(({ address }) => `${address}/32`)]),
    vips.map((own, index) => [index + 1, own]),
  );
  const text = keepalivedConf(load, { name: "pg1", address: "10.0.0.1" });
  const theirs = [...text.matchAll(/virtual_router_id (\d+)[^}]*\}[^}]*\{([^}]*)\}/g)];
  assert.deepEqual(
    theirs.map(([, id, addresses]) => [Number(id), addresses?.match(/[\d.]+\/32/g)]),
    vips.map((own, index) => [index + 1, own]),
  );
});

test("adverts are compared with those of the same group", () => {
  const advert = (routerId: number, atMs: number) => ({
    ...{ atMs, sourceMac: "", kind: "advert" as const, priority: 254, routerId },
  });
  assert.deepEqual(
    deviationsOf([advert(1, 0), advert(2, 7), advert(1, 101), advert(2, 106), advert(1, 200)]),
    [1, 1, 1],
  );
});
