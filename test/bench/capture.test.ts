/** Lines of tcpdump 4.99.3, as it printed them in the lab. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLine } from "../../bench/capture.js";

const mac = "8e:6c:0b:01:02:03";
const head = `1700000000.250500999 ${mac} >`;

test("adverts with their priority, VRRP 2 and 3", () => {
  const v3 = `${head} 01:00:5e:00:00:12, ethertype IPv4 (0x0800), length 46: 10.186.157.60 > 224.0.0.18: VRRPv3, Advertisement, vrid 51, prio 254, intvl 1cs, length 12`;
  const v2 = `${head} 01:00:5e:00:00:12, ethertype IPv4 (0x0800), length 54: 10.186.157.60 > 224.0.0.18: VRRPv2, Advertisement, vrid 50, prio 0, authtype simple, intvl 1s, length 20`;
  assert.deepEqual(parseLine(v3, -1_700_000_000_000), {
    atMs: 250.5,
    sourceMac: mac,
    kind: "advert",
    routerId: 51,
    priority: 254,
  });
  assert.equal(parseLine(v2, 0)?.priority, 0);
});

test("announcements are ARP with the VIP as sender, whatever they ask", () => {
  const request = `${head} ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.186.157.199 tell 10.186.157.199, length 28`;
  const padded = `${head} ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.186.157.199 (ff:ff:ff:ff:ff:ff) tell 10.186.157.199, length 28`;
  const reply = `${head} ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Reply 10.186.157.199 is-at ${mac}, length 28`;
  const question = `${head} ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 10.186.157.199 tell 10.186.157.10, length 28`;
  for (const line of [request, padded, reply]) assert.equal(parseLine(line, 0)?.kind, "announcement");
  assert.equal(parseLine(question, 0), null);
  assert.equal(parseLine("listening on eth0, link-type EN10MB", 0), null);
});
