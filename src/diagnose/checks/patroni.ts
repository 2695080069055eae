/** Whether Patroni can be asked from here, is the one that is meant, and is set so that a fail-over can be fast and safe. */
import { type Evidence, type PatroniEvidence, isUnavailable } from "../evidence.js";
import { type Said, passed, problem, skipped } from "../finding.js";

/** What the agent keeps back from Patroni's lease for the kernel's timers and rounding. */
const MARGIN_MS = 2000;
/** Patroni's own default, and what it costs. */
const SLOW_LOOP_MS = 10_000;
const WALL_CLOCK_TOLERANCE_MS = 1000;
/** Beyond a loop Patroni's view of its DCS is this old at most when all is well. */
const DCS_DELAY_MS = 2000;

export function reachable({ followed, observation }: PatroniEvidence): readonly Said[] {
  const { url } = followed.patroni;
  if (observation.kind === "answered") {
    const { scope, name, version, rawRole, rawState } = observation.status;
    const who = [`cluster ${scope ?? "?"}`, ...(name === null ? [] : [`member ${name}`]), `version ${version ?? "?"}`];
    return [passed(`${url} answers: ${who.join(", ")}; ${rawRole}, ${rawState}`)];
  }
  const { reason, detail } = observation;
  const found = `Patroni at ${url} gives no usable answer: ${reason}: ${detail}`;
  const why = "an agent that cannot ask Patroni never takes the VIP, and gives it up";
  return [problem("error", found, { why, mend: MENDS[reason] ?? `check patroni.url (${url}) and that Patroni runs` })];
}

const MENDS: Readonly<Record<string, string>> = {
  refused: "start Patroni, or set --patroni-url to the address in restapi.listen of its configuration",
  timeout: "ask it by hand with curl; a Patroni that is slow here will cost the VIP",
  tls: "give the CA with patroni.ca, and a client certificate with patroni.cert and patroni.key if Patroni wants one; where it has no restapi.certfile, patroni.url begins with http://",
  reset: "ask it by hand with curl; where Patroni has a restapi.certfile, patroni.url begins with https://",
  wrongScope: "set patroni.scope to the cluster that this node is of, or patroni.url to the Patroni that is meant",
  wrongName: "set patroni.name to this node's member, or patroni.url to the Patroni that is meant",
  redirected: "patroni.url must be Patroni itself, not a proxy in front of it",
};

/** From this version on a leader only renews a leader key that is still its own (Patroni's pull request 2689). */
const COMPARES_LEADER_KEY = [3, 0, 3] as const;

export function release({ observation }: PatroniEvidence): readonly Said[] {
  if (observation.kind !== "answered") return [skipped("Patroni gave no answer")];
  const { version } = observation.status;
  const numbers = /^(\d+)\.(\d+)\.(\d+)/
    .exec(version ?? "")
    ?.slice(1)
    .map(Number);
  if (version === null || numbers === undefined) return [skipped(`Patroni tells no version: ${version ?? "none"}`)];
  if (!isBefore(numbers, COMPARES_LEADER_KEY)) return [passed(`version ${version}`)];
  return [
    problem("advice", `Patroni ${version} can write over the leader key of another node, on etcd 3`, {
      why: "a leader that stood still for longer than ttl may take the lock from its successor; the VIP follows, while both are writable",
      mend: "upgrade Patroni to 3.0.3 or later",
    }),
  ];
}

function isBefore(version: readonly number[], bound: readonly number[]): boolean {
  const different = bound.findIndex((number, index) => version[index] !== number);
  return different >= 0 && (version[different] ?? 0) < (bound[different] ?? 0);
}

export function timing({ followed, dcs }: PatroniEvidence): readonly Said[] {
  if (isUnavailable(dcs)) return [skipped(`Patroni did not tell its dynamic configuration: ${dcs.detail}`)];
  const { ttlMs, loopWaitMs, retryTimeoutMs, failsafeMode } = dcs;
  const seconds = (ms: number): string => `${String(ms / 1000)} s`;
  const said: Said[] = [];
  const rightMs = ttlMs - loopWaitMs - MARGIN_MS;
  if (loopWaitMs + 2 * retryTimeoutMs > ttlMs) {
    said.push(
      problem(
        "error",
        `loop_wait ${seconds(loopWaitMs)} + 2 × retry_timeout ${seconds(retryTimeoutMs)} is more than ttl ${seconds(ttlMs)}`,
        {
          why: "a primary that retries its DCS can outlive its own leader lock: two nodes may lead at once",
          mend: `patronictl edit-config: retry_timeout at most ${seconds(Math.floor((ttlMs - loopWaitMs) / 2000) * 1000)}`,
        },
      ),
    );
  }
  if (rightMs <= 0) {
    said.push(
      problem("warning", `ttl ${seconds(ttlMs)} leaves nothing beyond loop_wait ${seconds(loopWaitMs)}`, {
        why: "a Patroni that is restarted costs the VIP at once, since the leader lock could be over already",
        mend: "patronictl edit-config: ttl 20 and loop_wait 2 leave 16 s",
      }),
    );
  }
  const silenceMs = Math.max(0, ...followed.groups.map((group) => group.timing.silenceTimeoutMs));
  if (rightMs > 0 && rightMs < silenceMs) {
    said.push(
      problem(
        "advice",
        `a silent Patroni is believed for ${seconds(rightMs)} at most, not for silence_timeout (${seconds(silenceMs)})`,
        {
          why: `the leader lock could be over after ttl ${seconds(ttlMs)} less loop_wait ${seconds(loopWaitMs)} and ${seconds(MARGIN_MS)} of margin`,
          mend: "a shorter loop_wait, or nothing: the agent never goes beyond what is safe",
        },
      ),
    );
  }
  if (loopWaitMs >= SLOW_LOOP_MS) {
    said.push(
      problem("advice", `loop_wait is ${seconds(loopWaitMs)}`, {
        why: "Patroni notices a crashed PostgreSQL only once in a loop; that time is not the VIP's, but clients wait for it",
        mend: "patronictl edit-config: ttl 20, loop_wait 2, retry_timeout 8",
      }),
    );
  }
  if (!failsafeMode) {
    said.push(
      problem("advice", "failsafe_mode is off", {
        why: "when the DCS is away the primary is demoted, although all members are well: the VIP then points at a replica or nothing",
        mend: "patronictl edit-config: failsafe_mode: true (Patroni 3.0 or later)",
      }),
    );
  }
  const text = `ttl ${seconds(ttlMs)}, loop_wait ${seconds(loopWaitMs)}, retry_timeout ${seconds(retryTimeoutMs)}`;
  return [...said, ...(said.some((one) => one.kind === "problem" && one.severity !== "advice") ? [] : [passed(text)])];
}

export function health({ observation }: PatroniEvidence): readonly Said[] {
  if (observation.kind !== "answered") return [skipped("Patroni gave no answer")];
  const { status } = observation;
  const said = [
    ...(status.pause
      ? [
          problem("warning", "the cluster is paused", {
            why: "Patroni neither promotes nor demotes by itself: no fail-over, whatever the VIP does",
            mend: "patronictl resume, when the maintenance is over",
          }),
        ]
      : []),
    ...(status.clusterUnlocked
      ? [
          problem("error", "nobody has the leader lock", {
            why: "without a leader no node has a right to the VIP",
            mend: "patronictl list, and the logs of Patroni on each member",
          }),
        ]
      : []),
    ...(status.watchdogFailed
      ? [
          problem("warning", "Patroni could not activate its watchdog", {
            why: "a primary whose Patroni is killed goes on writing; only the watchdog ends that",
            mend: "make /dev/watchdog usable for Patroni's user, see watchdog in its configuration",
          }),
        ]
      : []),
  ];
  return said.length > 0 ? said : [passed("the cluster has a leader, and is not paused")];
}

export function members(patroni: PatroniEvidence, { network }: Evidence): readonly Said[] {
  if (isUnavailable(patroni.members)) return [skipped(`Patroni did not tell its members: ${patroni.members.detail}`)];
  const names = patroni.members.map(({ name, role }) => `${name} (${role})`).join(", ");
  if (network === null) return [passed(names)];
  const own = new Set(network.addresses.map(({ address }) => address));
  const isHere = patroni.members.some(({ host }) => host !== null && own.has(host));
  const byName = patroni.members.filter(({ host }) => host !== null && !/^[\d.]+$|:/.test(host));
  const said = [
    ...(byName.length === 0
      ? []
      : [
          problem(
            "advice",
            `members known by a name instead of an address: ${byName.map(({ host }) => host).join(", ")}`,
            {
              why: "the agent shows and reaches members by address only; names may not resolve when they are needed",
              mend: "with unicast adverts list the addresses under peers; otherwise nothing",
            },
          ),
        ]),
    ...(isHere || byName.length > 0
      ? []
      : [
          problem("warning", `no member has an address of this node (members: ${names})`, {
            why: "the agent follows the Patroni that it asks: if that is another node's, the VIP comes here when the other one leads",
            mend: "patroni.url must be the Patroni of this very node",
          }),
        ]),
  ];
  return said.length > 0 ? said : [passed(`members: ${names}`)];
}

export function clock({ observation, askedAtMs, dcs }: PatroniEvidence): readonly Said[] {
  if (observation.kind !== "answered") return [skipped("Patroni gave no answer")];
  const { dcsLastSeenSeconds, failsafeActive } = observation.status;
  if (dcsLastSeenSeconds === null || dcsLastSeenSeconds === 0)
    return [skipped("Patroni did not tell when it last saw its DCS")];
  const ageMs = askedAtMs - dcsLastSeenSeconds * 1000;
  const seconds = (ms: number): string => `${String(Math.round(ms / 100) / 10)} s`;
  if (ageMs < -WALL_CLOCK_TOLERANCE_MS) {
    return [
      problem("warning", `Patroni saw its DCS ${seconds(-ageMs)} in the future`, {
        why: "the wall clock was set back: Patroni's leases are reckoned by it, and the agent cannot tell how old they are",
        mend: "have the clock kept by NTP without steps (chrony, systemd-timesyncd), on every node",
      }),
    ];
  }
  const loopWaitMs = isUnavailable(dcs) ? SLOW_LOOP_MS : dcs.loopWaitMs;
  if (ageMs > loopWaitMs + DCS_DELAY_MS + WALL_CLOCK_TOLERANCE_MS && !failsafeActive) {
    return [
      problem("warning", `Patroni last saw its DCS ${seconds(ageMs)} ago, with a loop of ${seconds(loopWaitMs)}`, {
        why: "the DCS is away or slow, or the wall clock jumped; the leader will soon be demoted",
        mend: "look at etcd, Consul or whatever the DCS is, and at the clock",
      }),
    ];
  }
  return [passed(`Patroni saw its DCS ${seconds(Math.max(0, ageMs))} ago by this host's clock`)];
}
