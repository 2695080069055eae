/** The network of this host, through the native addon. */
import { openEngine } from "../addon.js";
import type { OpenNetwork } from "../ports/network.js";

export const openNetwork: OpenNetwork = (onEvents) => openEngine(onEvents);
