// Frames out and in, and the filter in front of them.
#include "packet_socket.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cstring>

#include "bpf.h"

namespace pgvip {

namespace {

// Offsets in an Ethernet frame with ARP for IPv4 (RFC 826), and with IPv6, ICMPv6 and a neighbor advertisement.
constexpr std::uint32_t kEtherType = 12;
constexpr std::uint32_t kArpSender = 28;
constexpr std::uint32_t kArpTarget = 38;
constexpr std::uint32_t kIpv6NextHeader = 20;
constexpr std::uint32_t kIcmpv6Type = 54;
constexpr std::uint32_t kNeighborTarget = 62;
constexpr std::uint32_t kIcmpv6 = 58;
constexpr std::uint32_t kNeighborAdvertisement = 136;
// Older headers do not name it (Linux 4.20).
constexpr int kPacketIgnoreOutgoing = 23;

std::uint32_t word(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, 4);
  return ntohl(value);
}

void accept_ipv6_target(Bpf* program, const Address& vip) {
  // Four words, each compared only when those before were equal: a failed comparison skips what is left.
  for (std::uint32_t index = 0; index < 4; ++index) {
    program->load_word(kNeighborTarget + index * 4);
    program->skip_unless_equal(word(vip.bytes + index * 4), static_cast<std::uint8_t>(1 + (3 - index) * 2));
  }
  program->accept();
}

}  // namespace

PacketSocket::PacketSocket(int if_index)
    : if_index_(if_index),
      // Protocol 0: nothing is received until the filter stands and the socket is bound.
      fd_(check(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket(AF_PACKET)")) {
  watch({});
  const int yes = 1;
  (void)::setsockopt(fd_.get(), SOL_PACKET, kPacketIgnoreOutgoing, &yes, sizeof(yes));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = if_index;
  check(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "bind(AF_PACKET)");
}

void PacketSocket::watch(const std::vector<Address>& vips) {
  std::vector<Address> ipv4;
  std::vector<Address> ipv6;
  for (const auto& vip : vips) (vip.family == Family::ipv4 ? ipv4 : ipv6).push_back(vip);
  Bpf program;
  for (const auto offset : {kArpSender, kArpTarget}) {
    if (ipv4.empty()) break;
    program.load_half(kEtherType);
    // The block that is skipped for other protocols: one load and two instructions for each address.
    program.skip_unless_equal(ETH_P_ARP, static_cast<std::uint8_t>(1 + 2 * ipv4.size()));
    program.load_word(offset);
    for (const auto& vip : ipv4) program.accept_if_equal(word(vip.bytes));
  }
  if (!ipv6.empty()) {
    program.load_half(kEtherType);
    program.reject_unless_equal(ETH_P_IPV6);
    program.load_byte(kIpv6NextHeader);
    program.reject_unless_equal(kIcmpv6);
    program.load_byte(kIcmpv6Type);
    program.reject_unless_equal(kNeighborAdvertisement);
    for (const auto& vip : ipv6) accept_ipv6_target(&program, vip);
  }
  program.reject();
  program.attach(fd_.get());
}

void PacketSocket::send(const Bytes& frame) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = if_index_;
  address.sll_halen = ETH_ALEN;
  if (frame.size() >= ETH_ALEN) std::memcpy(address.sll_addr, frame.data(), ETH_ALEN);
  check(static_cast<int>(::sendto(fd_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                                  sizeof(address))),
        "sendto(AF_PACKET)");
}

int PacketSocket::read(int limit, const std::function<void(event::NeighborFrame)>& handler) {
  std::uint8_t buffer[2048];
  for (int count = 0; count < limit; ++count) {
    sockaddr_ll from{};
    socklen_t length = sizeof(from);
    const ssize_t size = ::recvfrom(fd_.get(), buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (size < 0) return errno == EAGAIN ? 0 : errno;
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    handler({if_index_, Bytes(buffer, buffer + size)});
  }
  return 0;
}

}  // namespace pgvip
