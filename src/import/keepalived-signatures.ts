/** keepalived's `auth_hmac` block (2.4) as our settings: the same keys under the same IDs, the same modes. */
import type { VipInput } from "./draft.js";
import type { Finding } from "./findings.js";
import type { Statement } from "./keepalived-blocks.js";

export type SignatureSettings = Pick<VipInput, "auth_keys" | "auth_mode" | "auth_window">;

const MODES = ["enforce", "permissive", "receive-only"] as const;

/** No settings without keys. What does not fit becomes a finding, which tells no key. */
export function signaturesOf(
  lines: readonly Statement[],
  find: (kind: Finding["kind"], place: string, what: string, why: string) => void,
): SignatureSettings {
  const value = (word: string): string | undefined => lines.find(({ words }) => words[0] === word)?.words[1];
  const keys = lines.filter(({ words }) => words[0] === "key");
  const active = value("active_key");
  for (const { words, place } of keys) {
    const [, id = "", text = ""] = words;
    if (/^file:(?!\/)/.test(text)) {
      find("byHand", place, `key ${id}`, "the path of its file is not absolute, or made of a variable: write it out");
    }
  }
  const replay = lines.find(({ words }) => words[0] === "anti_replay" && words[1] === "monotonic");
  if (replay !== undefined) {
    const why = "pgvip wants clocks that agree within auth_window: keep them by NTP";
    find("byHand", replay.place, "anti_replay monotonic", why);
  }
  if (keys.length === 0) return {};
  // The first one signs.
  const signing = keys.filter(({ words }) => words[1] === active);
  const others = keys.filter(({ words }) => words[1] !== active);
  const mode = MODES.find((one) => one === value("mode"));
  const window = value("time_window");
  return {
    auth_keys: [...signing, ...others].map(({ words: [, id = "", text = ""] }) => `${id}=${text}`),
    ...(mode === undefined || mode === "enforce" ? {} : { auth_mode: mode }),
    ...(window === undefined ? {} : { auth_window: `${window}s` }),
  };
}
