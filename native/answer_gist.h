// What of an answer of HTTP counts when it is compared with another one.
#pragma once

#include <string>
#include <vector>

#include "messages.h"

namespace pgvip {

// The status line and the body, without header fields, and without the values of these members of the JSON object that
// the body is. Any bytes will do: what is no such answer has a gist all the same, which is that of no other answer.
std::string answer_gist(const Bytes& answer, const std::vector<std::string>& ignored);

}  // namespace pgvip
