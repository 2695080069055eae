// Macvlan interfaces that carry the virtual MAC of a virtual router (RFC 9568 section 7.3).
#pragma once

#include "messages.h"
#include "netlink_socket.h"

namespace pgvip {

// Makes the interface on top of its parent, tells the kernel how to treat both, and brings it up. Undone when a step
// fails. Throws SyscallError.
void add_virtual_link(RouteRequests* requests, const order::AddVirtualLink& plan, const std::string& parent);

}  // namespace pgvip
