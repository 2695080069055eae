// Dump of TCP sockets, and SOCK_DESTROY for each.
#include "sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "parse.h"
#include "unique_fd.h"

namespace pgvip {

namespace {

constexpr std::uint8_t kListen = 10;
constexpr std::uint8_t kTimeWait = 6;
// All states but LISTEN (a listener on the VIP would be gone for good) and TIME_WAIT (nobody waits there).
constexpr std::uint32_t kStates = 0xfffU & ~(1U << kListen) & ~(1U << kTimeWait);
constexpr timeval kAnswerTimeout = {0, 500 * 1000};

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

UniqueFd open_diag() {
  UniqueFd fd(check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), "socket(NETLINK_SOCK_DIAG)"));
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerTimeout, sizeof(kAnswerTimeout)),
        "setsockopt(SO_RCVTIMEO)");
  return fd;
}

Request make_request(std::uint16_t type, std::uint16_t flags, std::uint8_t family) {
  Request request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = kStates;
  return request;
}

// The socket's local address as IPv4 where it is v4-mapped.
Address unmapped(const Address& address) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.family == Family::ipv4 || std::memcmp(address.bytes, kPrefix, sizeof(kPrefix)) != 0) return address;
  Address ipv4;
  std::memcpy(ipv4.bytes, address.bytes + sizeof(kPrefix), 4);
  return ipv4;
}

std::vector<DiagSocket> sockets_of(int fd, std::uint8_t family, const Address& local) {
  Request request = make_request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family);
  check(static_cast<int>(::send(fd, &request, sizeof(request), 0)), "send(SOCK_DIAG_BY_FAMILY)");
  std::vector<DiagSocket> found;
  int error = 0;
  for (bool complete = false; !complete;) {
    std::uint8_t buffer[32 * 1024];
    const int size = check(static_cast<int>(::recv(fd, buffer, sizeof(buffer), 0)), "recv(SOCK_DIAG_BY_FAMILY)");
    complete = parse_diag(
        buffer, static_cast<std::size_t>(size),
        [&](const DiagSocket& socket) {
          if (unmapped(socket.local) == local) found.push_back(socket);
        },
        &error);
  }
  if (error != 0) throw SyscallError("SOCK_DIAG_BY_FAMILY", error, to_text(local));
  return found;
}

// Returns false when the socket was gone already.
bool destroy(int fd, const DiagSocket& socket, const Address& local) {
  Request request = make_request(SOCK_DESTROY, NLM_F_ACK, socket.family);
  std::memcpy(&request.body.id, socket.id, sizeof(request.body.id));
  check(static_cast<int>(::send(fd, &request, sizeof(request), 0)), "send(SOCK_DESTROY)");
  std::uint8_t buffer[1024];
  const int size = check(static_cast<int>(::recv(fd, buffer, sizeof(buffer), 0)), "recv(SOCK_DESTROY)");
  int error = 0;
  parse_diag(
      buffer, static_cast<std::size_t>(size), [](const DiagSocket&) {}, &error);
  if (error != 0 && error != ENOENT) throw SyscallError("SOCK_DESTROY", error, to_text(local));
  return error == 0;
}

}  // namespace

std::uint32_t destroy_sockets(const Address& local) {
  const UniqueFd fd = open_diag();
  std::uint32_t count = 0;
  // A server that listens on :: has its IPv4 connections on IPv6 sockets.
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    if (family == AF_INET && local.family == Family::ipv6) continue;
    for (const auto& socket : sockets_of(fd.get(), family, local)) {
      if (destroy(fd.get(), socket, local)) ++count;
    }
  }
  return count;
}

}  // namespace pgvip
