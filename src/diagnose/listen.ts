/** Listens on the wire and tells each frame as it comes, until the caller has enough. */
import { PgvipError } from "../errors.js";
import { systemClock } from "../shell/system-clock.js";
import { readFrame } from "./frames.js";
import { type AlarmCode, type Expected, Listener } from "./listener.js";
import { pcapHeader, pcapRecord } from "./pcap.js";
import { type CapturedFrame, WireWatch } from "./wire-watch.js";

export interface ListenSettings {
  /** `null`: every Ethernet interface that is up. */
  readonly interface: string | null;
  readonly expected: Expected;
  /** Lines; Infinity = until stopped. */
  readonly count: number;
  readonly until: Promise<void>;
}

export interface Line {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly interface: string;
  readonly alarms: readonly AlarmCode[];
  /** For people, with time and alarms. */
  readonly text: string;
  /** Base 16; the frame as it was on the wire. */
  readonly frame: string;
}

export interface ListenOutput {
  line(line: Line): void;
  note(text: string): void;
  /** Bytes for the capture file, in order. */
  capture(bytes: Uint8Array): void;
}

export async function listen(settings: ListenSettings, output: ListenOutput): Promise<{ readonly alarms: number }> {
  const listener = new Listener(settings.expected);
  // Frames carry monotonic instants; people and capture files want the time of day.
  const wallOffsetMs = Date.now() - systemClock.nowMs();
  const names = new Map<number, string>();
  let lines = 0;
  let alarms = 0;
  let enough: () => void = () => undefined;
  const counted = new Promise<void>((resolve) => {
    enough = resolve;
  });

  const hear = ({ atMs, ifIndex, frame }: CapturedFrame): void => {
    if (lines >= settings.count) return;
    const wallMs = atMs + wallOffsetMs;
    const sighting = readFrame(frame);
    const heard = sighting === null ? null : listener.hear(sighting, atMs);
    output.capture(pcapRecord(frame, wallMs));
    if (heard === null) return;
    lines += 1;
    alarms += heard.alarms.length;
    const name = names.get(ifIndex) ?? String(ifIndex);
    const warnings = heard.alarms.map(({ text }) => `\n  ALARM ${text}`).join("");
    output.line({
      at: new Date(wallMs).toISOString(),
      interface: name,
      alarms: heard.alarms.map(({ code }) => code),
      text: `${clockText(wallMs)} ${name} ${heard.text}${warnings}`,
      frame: Buffer.from(frame).toString("hex"),
    });
    if (lines >= settings.count) enough();
  };

  const wire = await WireWatch.open({
    frame: hear,
    lost: (count) => {
      output.note(`${String(count)} frames came faster than they could be read, and are missing`);
    },
  });
  try {
    const links = chosen(wire, settings.interface);
    for (const { ifIndex, name } of links) names.set(ifIndex, name);
    output.capture(pcapHeader());
    for (const { ifIndex } of links) await wire.capture(ifIndex);
    output.note(`listening on ${links.map(({ name }) => name).join(", ")}; Ctrl-C ends it`);
    await Promise.race([counted, settings.until]);
    return { alarms };
  } finally {
    wire.close();
  }
}

function chosen({ interfaces: { links } }: WireWatch, name: string | null): WireWatch["interfaces"]["links"] {
  const usable = links.filter(({ loopback, mac }) => !loopback && mac.length === 6);
  const names = usable.map((link) => link.name).join(", ") || "none";
  if (name === null) {
    const up = usable.filter((link) => link.up);
    if (up.length > 0) return up;
    throw new PgvipError("USAGE", `no Ethernet interface is up (there are: ${names})`);
  }
  const found = usable.filter((link) => link.name === name);
  if (found.length > 0) return found;
  throw new PgvipError("USAGE", `--interface ${name}: there is no such Ethernet interface (there are: ${names})`);
}

/** `13:04:05.678`, in the zone of this host. */
function clockText(wallMs: number): string {
  const date = new Date(wallMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${time}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
