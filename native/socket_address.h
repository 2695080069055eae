// Addresses as the socket calls want them.
#pragma once

#include <sys/socket.h>

#include "messages.h"

namespace pgvip {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t length;
};

// AF_INET or AF_INET6.
int family_of(Family family);
// `if_index` is the scope of a link-local IPv6 address; 0 where none is needed.
SocketAddress socket_address(const Address& address, std::uint16_t port, int if_index = 0);

}  // namespace pgvip
