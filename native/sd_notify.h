// Tells systemd how the service is (sd_notify(3)): one datagram to the socket that $NOTIFY_SOCKET names.
#pragma once

#include <string>

namespace pgvip {

// False when there is no socket to tell. Throws SyscallError when there is one and it does not listen.
bool sd_notify(const std::string& message);

}  // namespace pgvip
