/** Mistakes in the rules of the election, for checking the checks; as in planted-bugs.ts. */
import type { GroupEvent, GroupSettings } from "../../../src/core/types.js";
import type { PlantedBug } from "../planted-bugs.js";

type Advert = GroupEvent & { readonly kind: "advertReceived" };

export const electionBugs: readonly PlantedBug[] = [
  hears("a standby is deaf", (event, phase) => (phase === "standby" ? null : event)),
  hears("a holder is deaf", (event, phase) => (phase === "holder" ? null : event)),
  hears("equal priorities are a draw", (event) => ({ ...event, winsTies: false })),
  hears("every advert is that of a lame duck", (event) => ({ ...event, priority: Math.min(event.priority, 1) })),
  hears("every advert outranks", (event) => ({ ...event, priority: 254, winsTies: true })),
  {
    name: "whoever asks is eligible",
    plant: (step) => (settings, state, event, nowMs) => {
      const { observation } = event.kind === "patroniAnswered" ? event : { observation: null };
      if (event.kind !== "patroniAnswered" || observation?.kind !== "answered") {
        return step(settings, state, event, nowMs);
      }
      return step(settings, state, { ...event, observation: { ...observation, hasRole: true } }, nowMs);
    },
  },
  {
    name: "better nodes never preempt",
    plant: (step) => (settings, state, event, nowMs) => step(withoutPreempt(settings), state, event, nowMs),
  },
  {
    name: "a lame duck advertises its old priority",
    plant: (step) => (settings, state, event, nowMs) => {
      const { state: after, effects } = step(settings, state, event, nowMs);
      const { priority } = settings;
      return { state: after, effects: effects.map((one) => (one.kind === "advertise" ? { ...one, priority } : one)) };
    },
  },
  {
    name: "nobody waits for the Active_Down_Timer",
    plant: (step) => (settings, state, event, nowMs) => {
      const contest = state.contest === null ? null : { ...state.contest, downAtMs: nowMs };
      return step(settings, { ...state, contest }, event, nowMs);
    },
  },
];

function hears(name: string, change: (event: Advert, phase: string) => Advert | null): PlantedBug {
  return {
    name,
    plant: (step) => (settings, state, event, nowMs) => {
      const heard = event.kind === "advertReceived" ? change(event, state.phase.kind) : event;
      return step(settings, state, heard ?? { kind: "tick" }, nowMs);
    },
  };
}

function withoutPreempt(settings: GroupSettings): GroupSettings {
  const { election } = settings;
  return election === null ? settings : { ...settings, election: { ...election, preempt: false } };
}
