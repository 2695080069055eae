// The datagram to systemd.
#include "sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "syscall_error.h"
#include "unique_fd.h"

namespace pgvip {

bool sd_notify(const std::string& message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = std::strlen(path);
  if (length >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path, length);
  // An abstract name starts with a zero byte and has no final one.
  if (path[0] == '@') address.sun_path[0] = '\0';
  const UniqueFd fd(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket(AF_UNIX)"));
  check(static_cast<int>(::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                                  reinterpret_cast<const sockaddr*>(&address),
                                  static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length))),
        "sendto($NOTIFY_SOCKET)", path);
  return true;
}

}  // namespace pgvip
