// Events as they go to JavaScript (NetworkEvent of src/ports/network.ts).
#pragma once

#include <napi.h>

#include <vector>

#include "messages.h"

namespace pgvip {

// An array with one object for each event, in order.
Napi::Value events_to(Napi::Env env, const std::vector<Event>& events);

}  // namespace pgvip
