// The sockets of the thread: made when they are needed first, and read when something has come in.
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "io_thread.h"

namespace pgvip {

namespace {

// A flood of packets must not keep orders, adverts and leases waiting.
constexpr int kPacketsPerRound = 64;
// Adverts that are in a socket already count as heard for so long.
constexpr double kUnreadGraceMs = 100;
constexpr double kNever = std::numeric_limits<double>::infinity();

// When it is read again after its rest; kNever: it does not rest.
template <typename Socket>
double rested_at(Socket* socket) {
  return socket == nullptr ? kNever : socket->pace().rests_until_ms();
}

}  // namespace

IoThread::Interface& IoThread::interface(int if_index) {
  auto& found = interfaces_[if_index];
  if (found.name.empty()) {
    char name[IF_NAMESIZE] = {};
    if (::if_indextoname(static_cast<unsigned>(if_index), name) == nullptr) {
      const int error = errno;
      interfaces_.erase(if_index);
      throw SyscallError("if_indextoname", error == ENXIO ? ENODEV : error, "interface " + std::to_string(if_index));
    }
    found.name = name;
  }
  return found;
}

IoThread::Sockets& IoThread::sockets(int if_index, Family family) {
  auto& found = interface(if_index);
  return family == Family::ipv4 ? found.ipv4 : found.ipv6;
}

VrrpSocket& IoThread::vrrp(int if_index, Family family) {
  auto& socket = sockets(if_index, family).vrrp;
  if (!socket) {
    socket = std::make_unique<VrrpSocket>(family, if_index, interface(if_index).name);
    watch(socket->fd());
  }
  return *socket;
}

PacketSocket& IoThread::packet(int if_index, Family family) {
  auto& socket = sockets(if_index, family).packet;
  if (!socket) {
    socket = std::make_unique<PacketSocket>(family, if_index);
    watch(socket->fd());
  }
  return *socket;
}

void IoThread::watch(int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  check(::epoll_ctl(epoll_.get(), operation, fd, &event), "epoll_ctl");
}

bool IoThread::read_sockets() {
  bool any = false;
  rested_ms_ = kNever;
  for (const auto& entry : interfaces_) {
    any = read(entry.second.ipv4, entry.second.name) || any;
    any = read(entry.second.ipv6, entry.second.name) || any;
  }
  return any;
}

bool IoThread::read(const Sockets& sockets, const std::string& name) {
  const bool adverts = sockets.vrrp && is_due(sockets.vrrp.get());
  const bool frames = sockets.packet && is_due(sockets.packet.get());
  if (adverts) keep_pace(sockets.vrrp.get(), read_adverts(sockets, name));
  if (frames) keep_pace(sockets.packet.get(), read_frames(sockets, name));
  const double rested_ms = std::min(rested_at(sockets.vrrp.get()), rested_at(sockets.packet.get()));
  rested_ms_ = std::min(rested_ms_, rested_ms);
  return adverts || frames || rested_ms < kNever;
}

template <typename Socket>
bool IoThread::is_due(Socket* socket) {
  auto& pace = socket->pace();
  if (!pace.rests()) return ready_.count(socket->fd()) > 0;
  if (monotonic_ms() < pace.rests_until_ms()) return false;
  pace.wake();
  watch(socket->fd(), EPOLLIN, EPOLL_CTL_MOD);
  return true;
}

// A socket that rests wakes nobody.
template <typename Socket>
void IoThread::keep_pace(Socket* socket, int packets) {
  auto& pace = socket->pace();
  pace.note(packets, packets < kPacketsPerRound, monotonic_ms());
  if (pace.rests()) watch(socket->fd(), 0, EPOLL_CTL_MOD);
}

int IoThread::read_adverts(const Sockets& sockets, const std::string& name) {
  int packets = 0;
  report("recvmsg(VRRP)", name, sockets.vrrp->read(kPacketsPerRound, [&](event::Advert advert) {
    ++packets;
    hear(std::move(advert));
  }));
  return packets;
}

int IoThread::read_frames(const Sockets& sockets, const std::string& name) {
  int packets = 0;
  report("recvfrom(AF_PACKET)", name, sockets.packet->read(kPacketsPerRound, [&](event::NeighborFrame frame) {
    ++packets;
    tell(std::move(frame));
  }));
  return packets;
}

void IoThread::report(const char* call, const std::string& name, int error) {
  // A link that is down says so through rtnetlink.
  if (error != 0 && error != ENETDOWN) trouble(failure(call, error, name));
}

void IoThread::hear(event::Advert advert) {
  if (!expected_.overlooks(&advert, monotonic_ms())) tell(std::move(advert));
}

// What waits in a socket, behind a flood or since this thread stood still, may be what is missed.
void IoThread::tell_ceased(bool all_read) {
  const double now_ms = monotonic_ms();
  if (now_ms < expected_.due_ms()) return;
  // This thread may have stood still at any point since it was told which sockets have something to read.
  for (const auto& entry : interfaces_) {
    for (const auto* sockets : {&entry.second.ipv4, &entry.second.ipv6}) {
      if (sockets->vrrp) read_adverts(*sockets, entry.second.name);
    }
  }
  for (const auto& ceased : expected_.ceased(now_ms, all_read ? 0 : kUnreadGraceMs)) tell(ceased);
}

}  // namespace pgvip
