/** What one step of a core was about, for people: events that tell something new, effects that others can notice. */
import type { Effect, GroupEvent, GroupState, Report } from "../../src/core/types.js";

export function stepTexts(
  before: GroupState,
  event: GroupEvent,
  after: GroupState,
  effects: readonly Effect[],
): readonly string[] {
  const heard = eventText(before, event, after);
  const done = effects.map(effectText).filter((text) => text !== null);
  return heard === null ? done : [heard, ...done];
}

function eventText(before: GroupState, event: GroupEvent, after: GroupState): string | null {
  switch (event.kind) {
    case "tick":
    case "dcsSettingsLearned":
    case "tookOver":
      return null;
    case "patroniAnswered":
      if (JSON.stringify(before.view?.verdict) === JSON.stringify(after.view?.verdict)) return null;
      return `hears Patroni: ${JSON.stringify(after.view?.verdict)}`;
    case "advertReceived": {
      const known = before.speakers[event.from];
      if (known?.priority === event.priority) return null;
      return `hears ${event.from}: priority ${String(event.priority)} for ${event.vips.join(", ")}`;
    }
    case "vipAnnounced":
      return `hears ARP: the VIP is at ${event.mac}`;
    case "interfaceReady":
      return `interface ready, VIP ${event.present ? "present" : "not present"}`;
    case "suspended":
      return `hears that the machine slept for ${event.forMs.toFixed(0)} ms`;
    default:
      return event.kind;
  }
}

function effectText(effect: Effect): string | null {
  switch (effect.kind) {
    case "ask":
    case "askPatiently":
    case "expectAdverts":
    case "renew":
      return null;
    case "takeOver": {
      const { leaseUntilMs, rightUntilMs } = effect.leases;
      const how = effect.announce ? "" : " quietly";
      return `=> takeOver${how} priority ${String(effect.priority)}, lease until ${leaseUntilMs.toFixed(0)}, right until ${rightUntilMs.toFixed(0)} (own clock)`;
    }
    case "advertise":
      return `=> advertise priority ${String(effect.priority)}`;
    case "report":
      return reportText(effect.report);
    default:
      return `=> ${effect.kind}`;
  }
}

function reportText(report: Report): string | null {
  switch (report.kind) {
    case "transition":
      return `${report.from} -> ${report.to} [${report.reason}] ${report.text}`;
    case "notice":
    case "alarm":
      return `${report.kind} [${report.reason}] ${report.text}`;
    case "tookOver":
      return null;
  }
}
