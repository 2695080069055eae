/**
 * Mistakes in the reducer's rules, for checking the checks: each wraps the real step and changes what goes in or comes
 * out, as if a rule in src/core were missing or wrong. The simulator must find every one of them.
 */
import type { Effect, GroupEvent, GroupState } from "../../src/core/types.js";
import type { StepFunction } from "./agent.js";

type Answer = GroupEvent & { readonly kind: "patroniAnswered" };

export interface PlantedBug {
  readonly name: string;
  readonly plant: (step: StepFunction) => StepFunction;
}

export const plantedBugs: readonly PlantedBug[] = [
  hears("a holder is deaf to claims", (event) => !isClaim(event)),
  hears("a lame duck does not notice that Patroni is silent", (event) => !isSilence(event)),
  hears("a holder does not notice that it is no leader any more", (event) => !isDenial(event)),
  hears("a deleted address is not put back", (event) => event.kind !== "addressGone"),
  hears("a refused address counts as taken", (event) => event.kind !== "takeOverFailed"),
  hears("a leftover put there by somebody stays", (event) => event.kind !== "addressAppeared"),
  does("the lease is never renewed", (effect) => (effect.kind === "renew" ? [] : [effect])),
  does("the VIP is not released", (effect) => (effect.kind === "release" ? [] : [effect])),
  does("an adopted leftover is not removed", (effect) => (effect.kind === "removeLeftover" ? [] : [effect])),
  does("the take-over is not announced", (effect) => {
    if (effect.kind === "announce") return [];
    return [effect.kind === "takeOver" ? { ...effect, announce: false } : effect];
  }),
  does("two holders go on for ever", (effect) => (effect.kind === "readCluster" ? [] : [effect])),
  {
    name: "a leader yields to whoever contradicts it",
    plant: (step) => (settings, state, event, nowMs) => {
      if (event.kind !== "clusterRead") return step(settings, state, event, nowMs);
      return step(settings, state, { ...event, reading: { ...event.reading, own: "nobody" } }, nowMs);
    },
  },
  does("each renewal announces", (effect) => (effect.kind === "renew" ? [effect, { kind: "announce" }] : [effect])),
  {
    name: "the right lasts 15 s too long",
    plant: (step) => (settings, state, event, nowMs) => {
      const { timing } = settings;
      const later = { ...settings, timing: { ...timing, silenceTimeoutMs: timing.silenceTimeoutMs + 15_000 } };
      return step(later, state, isAnswer(event) ? seenLater(event, 15_000) : event, nowMs);
    },
  },
  {
    name: "a lame duck has no deadline",
    plant: (step) => (settings, state, event, nowMs) => {
      const done = step(settings, state, event, nowMs);
      const { phase } = done.state;
      if (phase.kind !== "lameDuck") return done;
      const bounds = Object.fromEntries(Object.keys(phase.bounds).map((name) => [name, nowMs + 60_000]));
      return { ...done, state: { ...done.state, phase: { ...phase, bounds } } };
    },
  },
  {
    name: "notLeader is taken for leader",
    plant: (step) => (settings, state, event, nowMs) => {
      const mistaken = isAnswer(event) && state.phase.kind === "standby" ? asPrimary(event) : event;
      return step(settings, state, mistaken, nowMs);
    },
  },
  {
    name: "what the kernel would not remove is forgotten",
    plant: (step) => (settings, state, event, nowMs) => {
      const heard: GroupEvent = event.kind === "removalFailed" ? { kind: "tick" } : event;
      return step(settings, { ...state, removeAtMs: Infinity }, heard, nowMs);
    },
  },
  {
    name: "a VIP found at start is not looked at",
    plant: (step) => (settings, state, event, nowMs) =>
      step(settings, state, event.kind === "interfaceReady" ? { ...event, present: false } : event, nowMs),
  },
  {
    name: "old answers are believed",
    plant: (step) => (settings, state, event, nowMs) => {
      const view = state.view === null ? null : { ...state.view, sentAtMs: nowMs };
      const young = isAnswer(event) ? { ...event, sentAtMs: nowMs } : event;
      return step(settings, { ...state, view, distrustBeforeMs: 0 }, young, nowMs);
    },
  },
  {
    name: "a holder yields to any advert",
    plant: (step) => (settings, state, event, nowMs) => {
      if (event.kind !== "advertReceived" || state.phase.kind !== "holder") return step(settings, state, event, nowMs);
      const { state: after, effects } = step(settings, state, { kind: "leaseEnded" }, nowMs);
      return { state: after, effects: [{ kind: "release" }, ...effects] };
    },
  },
  {
    name: "Patroni is not asked again after a hand-over",
    plant: (step) => (settings, state, event, nowMs) => {
      const done = step(settings, state, event, nowMs);
      if (state.phase.kind !== "lameDuck" || done.state.phase.kind !== "standby") return done;
      const polling = { ...done.state.polling, inFlight: [Infinity] };
      return { state: { ...done.state, polling }, effects: done.effects.filter(({ kind }) => !kind.startsWith("ask")) };
    },
  },
];

/** A node that has the VIP, or finds it, does not hear some events. */
function hears(name: string, heard: (event: GroupEvent) => boolean): PlantedBug {
  return {
    name,
    plant: (step) => (settings, state, event, nowMs) => {
      const concerned = event.kind === "addressAppeared" || holds(state);
      return step(settings, state, concerned && !heard(event) ? unheard(event) : event, nowMs);
    },
  };
}

/** An answer that is ignored still ends the question. */
function unheard(event: GroupEvent): GroupEvent {
  return isAnswer(event) ? { ...event, sentAtMs: -Infinity } : { kind: "tick" };
}

/** Each effect is carried out differently. */
function does(name: string, change: (effect: Effect) => readonly Effect[]): PlantedBug {
  return {
    name,
    plant: (step) => (settings, state, event, nowMs) => {
      const done = step(settings, state, event, nowMs);
      return { state: done.state, effects: done.effects.flatMap(change) };
    },
  };
}

function holds({ phase }: GroupState): boolean {
  return phase.kind === "holder" || phase.kind === "lameDuck";
}

function isClaim(event: GroupEvent): boolean {
  return event.kind === "vipAnnounced" || (event.kind === "advertReceived" && event.priority > 1);
}

function isAnswer(event: GroupEvent): event is Answer {
  return event.kind === "patroniAnswered";
}

function isSilence(event: GroupEvent): boolean {
  return isAnswer(event) && event.observation.kind === "unknown";
}

function isDenial(event: GroupEvent): boolean {
  return isAnswer(event) && event.observation.kind === "answered" && !event.observation.hasRole;
}

/** The answer as it would be from a primary. */
function asPrimary(event: Answer): Answer {
  const { observation } = event;
  if (observation.kind === "unknown") return event;
  const status = { ...observation.status, role: "primary", state: "running" } as const;
  return { ...event, observation: { ...observation, hasRole: true, status } };
}

/** The answer as if the DCS had been seen later. */
function seenLater(event: Answer, byMs: number): Answer {
  const { observation } = event;
  if (observation.kind === "unknown" || observation.dcsSeenAtMs === null) return event;
  return { ...event, observation: { ...observation, dcsSeenAtMs: observation.dcsSeenAtMs + byMs } };
}
