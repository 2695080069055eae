// For the libraries that are preloaded into a process and meddle with its netlink sockets.
#pragma once

#include <sys/socket.h>

inline bool is_netlink(int fd) {
  int domain = 0;
  socklen_t length = sizeof(domain);
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}
