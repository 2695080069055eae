// Readers of what the kernel and the network hand over: plain functions over bytes that trust no length inside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "messages.h"

namespace pgvip {

// Source, destination, TTL and payload of an IPv4 packet; none when the header does not fit the bytes.
struct Ipv4Payload {
  Address source;
  Address destination;
  int ttl = 0;
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};
std::optional<Ipv4Payload> parse_ipv4(const std::uint8_t* data, std::size_t size);

// What a batch of rtnetlink messages says.
struct RouteHandlers {
  std::function<void(bool present, LinkState)> link;
  std::function<void(bool present, AddressState)> address;
  // NLMSG_ERROR: 0 is an acknowledgement, otherwise a positive errno. With the sequence number of the request.
  std::function<void(std::uint32_t sequence, int error)> answer;
  std::function<void(std::uint32_t sequence)> done;
};
void parse_route(const std::uint8_t* data, std::size_t size, const RouteHandlers& handlers);

// A TCP socket as sock_diag describes it, with all that SOCK_DESTROY needs to name it again.
struct DiagSocket {
  std::uint8_t family = 0;
  std::uint8_t state = 0;
  // struct inet_diag_sockid as it came.
  std::uint8_t id[48] = {};
  Address local;
};
// Calls back for each socket; returns true when the dump is complete, and sets the errno of an NLMSG_ERROR.
bool parse_diag(const std::uint8_t* data, std::size_t size, const std::function<void(const DiagSocket&)>& handler,
                int* error);

}  // namespace pgvip
