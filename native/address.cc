// Addresses as text and bytes.
#include <arpa/inet.h>

#include <cstring>

#include "messages.h"

namespace pgvip {

bool operator==(const Address& a, const Address& b) {
  return a.family == b.family && std::memcmp(a.bytes, b.bytes, a.size()) == 0;
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = address.family == Family::ipv4 ? AF_INET : AF_INET6;
  ::inet_ntop(family, address.bytes, text, sizeof(text));
  return text;
}

std::string key_of(int if_index, const Address& address, std::uint8_t prefix_length) {
  return std::to_string(if_index) + " " + to_text(address) + "/" + std::to_string(prefix_length);
}

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes) == 1) return address;
  address.family = Family::ipv6;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes) == 1) return address;
  return std::nullopt;
}

}  // namespace pgvip
