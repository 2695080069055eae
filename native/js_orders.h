// Orders as they come from JavaScript (NetworkOrder of src/ports/network.ts).
#pragma once

#include <napi.h>

#include "messages.h"

namespace pgvip {

// Throws Napi::TypeError when the order is malformed.
Order order_of(const Napi::Value& value);

}  // namespace pgvip
