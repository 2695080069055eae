/** Loads configurations written in the test itself, without anything of this machine. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Config } from "../../src/config/config.js";
import { loadConfig } from "../../src/config/load.js";
import { ConfigError, problemText } from "../../src/config/problems.js";

export interface Written {
  readonly flags?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly yaml?: string;
  /** Patroni's own file; its path replaces `PATRONI_YML` in `yaml`. */
  readonly patroniYaml?: string;
  /** The file of a VRRPv2 password; its path replaces `PASS_FILE` in `yaml`. */
  readonly passFile?: string;
  /** The file of a key; its path replaces `KEY_FILE`. */
  readonly keyFile?: string;
  /** Of all these files. */
  readonly mode?: number;
}

export type Loaded =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

/** Problems name the files `pgvip.yml` and `patroni.yml`. */
export async function load(written: Written): Promise<Loaded> {
  const { flags = {}, environment = {}, yaml, patroniYaml, passFile, keyFile, mode = 0o600 } = written;
  const directory = mkdtempSync(path.join(tmpdir(), "pgvip-config-"));
  const file = path.join(directory, "pgvip.yml");
  const patroniFile = path.join(directory, "patroni.yml");
  const secretFile = path.join(directory, "vrrp.pass");
  const keyPath = path.join(directory, "vrrp.key");
  try {
    const text = yaml
      ?.replaceAll("PATRONI_YML", patroniFile)
      .replaceAll("PASS_FILE", secretFile)
      .replaceAll("KEY_FILE", keyPath);
    if (text !== undefined) writeFileSync(file, text, { mode });
    if (passFile !== undefined) writeFileSync(secretFile, passFile, { mode });
    if (keyFile !== undefined) writeFileSync(keyPath, keyFile, { mode });
    if (patroniYaml !== undefined) writeFileSync(patroniFile, patroniYaml, { mode });
    const config = await loadConfig({ flags, environment, file: null, defaultFile: file });
    return { ok: true, config };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { ok: false, problems: error.problems.map((one) => problemText(one).replaceAll(`${directory}/`, "")) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** For what must be right. */
export async function loaded(written: Written): Promise<Config> {
  const result = await load(written);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.config;
}

/** For what must be wrong. */
export async function problems(written: Written): Promise<readonly string[]> {
  const result = await load(written);
  if (result.ok) throw new Error("the configuration was accepted");
  return result.problems;
}
