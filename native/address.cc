// Addresses as text and bytes.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "socket_address.h"

namespace pgvip {

bool operator==(const Address& a, const Address& b) {
  return a.family == b.family && std::memcmp(a.bytes, b.bytes, a.size()) == 0;
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family_of(address.family), address.bytes, text, sizeof(text));
  return text;
}

std::string key_of(int if_index, const Address& address, std::uint8_t prefix_length) {
  return std::to_string(if_index) + " " + to_text(address) + "/" + std::to_string(prefix_length);
}

int family_of(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

SocketAddress socket_address(const Address& address, std::uint16_t port, int if_index) {
  SocketAddress result{};
  if (address.family == Family::ipv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes, 4);
    std::memcpy(&result.storage, &in, sizeof(in));
    result.length = sizeof(in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    in.sin6_scope_id = static_cast<std::uint32_t>(if_index);
    std::memcpy(&in.sin6_addr, address.bytes, 16);
    std::memcpy(&result.storage, &in, sizeof(in));
    result.length = sizeof(in);
  }
  return result;
}

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  if (::inet_pton(AF_INET, text.c_str(), address.bytes) == 1) return address;
  address.family = Family::ipv6;
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes) == 1) return address;
  return std::nullopt;
}

}  // namespace pgvip
