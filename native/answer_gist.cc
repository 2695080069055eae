// Reads JSON only as far as it takes to know where a member's value ends.
#include "answer_gist.h"

#include <algorithm>
#include <string_view>

namespace pgvip {

namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kEndOfHead = "\r\n\r\n";

// Behind the string that begins here, or at the end of the text.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// Where the value that begins here ends: at the comma or the bracket behind it.
std::size_t after_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char next = text[at];
    if (next == '"') {
      at = after_string(text, at);
      continue;
    }
    const bool closes = next == '}' || next == ']';
    if (depth == 0 && (closes || next == ',')) return at;
    if (next == '{' || next == '[') ++depth;
    if (closes) --depth;
    ++at;
  }
  return at;
}

// The name that ends with the quote before `end`, when what follows is the value of a member.
bool is_ignored(std::string_view quoted, const std::vector<std::string>& ignored) {
  if (quoted.size() < 2) return false;
  const auto name = quoted.substr(1, quoted.size() - 2);
  return std::find(ignored.begin(), ignored.end(), name) != ignored.end();
}

std::string without_values(std::string_view body, const std::vector<std::string>& ignored) {
  std::string gist;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < body.size();) {
    const char next = body[at];
    const std::size_t end = next == '"' ? after_string(body, at) : at + 1;
    const auto token = body.substr(at, end - at);
    gist += token;
    at = end;
    if (next == '{' || next == '[') ++depth;
    if ((next == '}' || next == ']') && depth > 0) --depth;
    const bool is_member = next == '"' && depth == 1 && at < body.size() && body[at] == ':';
    if (is_member && is_ignored(token, ignored)) at = after_value(body, at);
  }
  return gist;
}

}  // namespace

std::string answer_gist(const Bytes& answer, const std::vector<std::string>& ignored) {
  const std::string_view text(reinterpret_cast<const char*>(answer.data()), answer.size());
  const auto head = text.find(kEndOfHead);
  if (head == std::string_view::npos) return std::string(text);
  const auto status_line = text.substr(0, text.find(kEndOfLine) + kEndOfLine.size());
  return std::string(status_line) + without_values(text.substr(head + kEndOfHead.size()), ignored);
}

}  // namespace pgvip
