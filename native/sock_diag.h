// Ends TCP connections bound to an address, so that their peers learn at once that the server is gone.
#pragma once

#include <optional>

#include "messages.h"

namespace pgvip {

// Destroys the TCP sockets with this local address (IPv4 also as v4-mapped IPv6): the kernel sends each peer a RST, as
// long as the address is still there. Returns how many. Goes on after a failure (EOPNOTSUPP without INET_DIAG_DESTROY)
// and keeps the first one.
std::uint32_t destroy_sockets(const Address& local, std::optional<Failure>* first);

}  // namespace pgvip
