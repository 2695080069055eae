// Dump of TCP sockets, and SOCK_DESTROY for each.
#include "sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "attempt.h"
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

// One conversation with sock_diag: a request at a time, each with the next sequence number.
class Diag {
 public:
  Diag() : fd_(open_diag()) {}

  // All TCP sockets of a family that kStates names.
  std::vector<DiagSocket> dump(std::uint8_t family) {
    std::vector<DiagSocket> found;
    ask(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, nullptr, "SOCK_DIAG_BY_FAMILY",
        [&](const DiagSocket& socket) { found.push_back(socket); });
    return found;
  }

  // Throws SyscallError with ENOENT when the socket is gone already.
  void destroy(const DiagSocket& socket) {
    ask(SOCK_DESTROY, NLM_F_ACK, socket.family, socket.id, "SOCK_DESTROY", [](const DiagSocket&) {});
  }

 private:
  void ask(std::uint16_t type, std::uint16_t flags, std::uint8_t family, const std::uint8_t* id, const char* call,
           const std::function<void(const DiagSocket&)>& handler) {
    Answer answer;
    answer.sequence = ++sequence_;
    Request request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    request.header.nlmsg_seq = answer.sequence;
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = kStates;
    if (id != nullptr) std::memcpy(&request.body.id, id, sizeof(request.body.id));
    check(static_cast<int>(::send(fd_.get(), &request, sizeof(request), 0)), call);
    std::uint8_t buffer[32 * 1024];
    while (!answer.complete) {
      const ssize_t size = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (size < 0) throw SyscallError(call, errno == EAGAIN ? ETIMEDOUT : errno);
      parse_diag(buffer, static_cast<std::size_t>(size), handler, &answer);
    }
    if (answer.error != 0) throw SyscallError(call, answer.error);
  }

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

// The socket's local address as IPv4 where it is v4-mapped.
Address unmapped(const Address& address) {
  static constexpr std::uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.family == Family::ipv4 || std::memcmp(address.bytes, kPrefix, sizeof(kPrefix)) != 0) return address;
  Address ipv4;
  std::memcpy(ipv4.bytes, address.bytes + sizeof(kPrefix), 4);
  return ipv4;
}

// Returns false when the socket was gone already.
bool destroy(Diag* diag, const DiagSocket& socket) {
  try {
    diag->destroy(socket);
    return true;
  } catch (const SyscallError& error) {
    if (error.failure().errno_name == "ENOENT") return false;
    throw;
  }
}

}  // namespace

std::uint32_t destroy_sockets(const Address& local, std::optional<Failure>* first) {
  std::uint32_t count = 0;
  attempt(first, [&] {
    Diag diag;
    // A server that listens on :: has its IPv4 connections on IPv6 sockets.
    for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
      if (family == AF_INET && local.family == Family::ipv6) continue;
      std::vector<DiagSocket> sockets;
      attempt(first, [&] { sockets = diag.dump(family); });
      for (const auto& socket : sockets) {
        if (!(unmapped(socket.local) == local)) continue;
        // One socket that resists must not leave the others connected to a server that is no longer theirs.
        attempt(first, [&] { count += destroy(&diag, socket) ? 1 : 0; });
      }
    }
  });
  return count;
}

}  // namespace pgvip
