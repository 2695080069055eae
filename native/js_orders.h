// Orders as they come from JavaScript (NetworkOrder of src/ports/network.ts).
#pragma once

#include <napi.h>

#include "messages.h"

namespace pgvip {

// Throws Napi::TypeError when one of them is malformed.
std::vector<Order> orders_of(const Napi::Value& array);

}  // namespace pgvip
