/** `pgvip --version`: this package's version, and those of what it runs on. A missing addon is told, and is no error here. */
import { PgvipError } from "../errors.js";
import { addonNapiVersion } from "../shell/native-network.js";
import { VERSION } from "../version.js";

/** The first line is the version alone, for scripts that want nothing else. */
export function versionText(): string {
  return `${VERSION}\naddon ${addonText()}\nNode.js ${process.version.slice(1)}\n`;
}

export function addonText(): string {
  try {
    return `Node-API ${String(addonNapiVersion())} (this Node.js has ${process.versions["napi"] ?? "none"})`;
  } catch (error) {
    if (!(error instanceof PgvipError)) throw error;
    return `missing: ${error.message}`;
  }
}
