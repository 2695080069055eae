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

// How far the answer to a netlink request has come.
struct Answer {
  // Of the request: an answer to another one, which was given up by its timeout, is passed over. 0 = listens to all.
  std::uint32_t sequence = 0;
  // NLMSG_DONE or NLMSG_ERROR is there.
  bool complete = false;
  // A positive errno; 0 is an acknowledgement.
  int error = 0;
  // NLM_F_DUMP_INTR: something changed while the kernel dumped, so what it said may never have been true.
  bool interrupted = false;
};

// What a batch of rtnetlink messages says about the host; either may be empty.
struct RouteHandlers {
  std::function<void(bool present, const LinkState&)> link;
  std::function<void(bool present, const AddressState&)> address;
};
void parse_route(const std::uint8_t* data, std::size_t size, const RouteHandlers& handlers, Answer* answer);

// A TCP socket as sock_diag describes it, with all that SOCK_DESTROY needs to name it again.
struct DiagSocket {
  std::uint8_t family = 0;
  std::uint8_t state = 0;
  // struct inet_diag_sockid as it came.
  std::uint8_t id[48] = {};
  Address local;
};
// Calls back for each socket.
void parse_diag(const std::uint8_t* data, std::size_t size, const std::function<void(const DiagSocket&)>& handler,
                Answer* answer);

}  // namespace pgvip
