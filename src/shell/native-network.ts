/** The network of this host, through the native addon. */
import { napiVersion, openEngine } from "../addon.js";
import type { OpenNetwork } from "../ports/network.js";

export const openNetwork: OpenNetwork = (onEvents) => openEngine(onEvents);

/** Version of Node-API that the addon was built for. Throws a PgvipError (ADDON) when it cannot be loaded. */
export const addonNapiVersion = napiVersion;
