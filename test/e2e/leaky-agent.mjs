/** Loaded into an agent to plant a leak: ten times a second another file is opened and never closed. */
import { openSync } from "node:fs";

setInterval(() => openSync("/dev/null", "r"), 100).unref();
