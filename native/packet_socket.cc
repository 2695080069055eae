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
constexpr std::size_t kEtherType = 12;
constexpr std::uint32_t kArpSender = 28;
constexpr std::uint32_t kArpTarget = 38;
constexpr std::uint32_t kIpv6NextHeader = 20;
constexpr std::uint32_t kIcmpv6Type = 54;
constexpr std::uint32_t kNeighborTarget = 62;
constexpr std::uint32_t kIpv4Protocol = 23;
constexpr std::uint32_t kIcmpv6 = 58;
constexpr std::uint32_t kVrrp = 112;
constexpr std::uint32_t kNeighborSolicitation = 135;
constexpr std::uint32_t kNeighborAdvertisement = 136;
constexpr int kReceiveBuffer = 512 * 1024;
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

PacketSocket::PacketSocket(Family family, int if_index)
    : family_(family),
      if_index_(if_index),
      // Protocol 0: nothing is received until the filter stands and the socket is bound.
      fd_(check(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket(AF_PACKET)")) {
  watch({});
  // Best effort, for frames that come in a flood while the socket rests (read_pace.h).
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof(kReceiveBuffer));
  const int yes = 1;
  (void)::setsockopt(fd_.get(), SOL_PACKET, kPacketIgnoreOutgoing, &yes, sizeof(yes));
  bind_to(family == Family::ipv4 ? ETH_P_ARP : ETH_P_IPV6);
}

void PacketSocket::watch(const std::vector<Address>& vips) {
  Bpf program;
  // Frames to other hosts, and those with the tag of a VLAN that this host has no interface for.
  program.load_packet_type();
  program.reject_if_equal(PACKET_OTHERHOST);
  if (family_ == Family::ipv4) {
    for (const auto offset : {kArpSender, kArpTarget}) {
      program.load_word(offset);
      for (const auto& vip : vips) program.accept_if_equal(word(vip.bytes));
    }
  } else {
    program.load_byte(kIpv6NextHeader);
    program.reject_unless_equal(kIcmpv6);
    program.load_byte(kIcmpv6Type);
    program.reject_unless_equal(kNeighborAdvertisement);
    for (const auto& vip : vips) accept_ipv6_target(&program, vip);
  }
  program.reject();
  program.attach(fd_.get());
}

void PacketSocket::capture() {
  const int no = 0;
  (void)::setsockopt(fd_.get(), SOL_PACKET, kPacketIgnoreOutgoing, &no, sizeof(no));
  outgoing_ = true;
  // Adverts and advertisements go to groups that nobody here may have joined.
  packet_mreq membership{};
  membership.mr_ifindex = if_index_;
  membership.mr_type = PACKET_MR_ALLMULTI;
  check(::setsockopt(fd_.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership)),
        "setsockopt(PACKET_ADD_MEMBERSHIP)");
  Bpf program;
  program.load_packet_type();
  program.reject_if_equal(PACKET_OTHERHOST);
  program.load_half(kEtherType);
  program.accept_if_equal(ETH_P_ARP);
  program.skip_unless_equal(ETH_P_IP, 4);
  program.load_byte(kIpv4Protocol);
  program.accept_if_equal(kVrrp);
  program.reject();
  program.reject_unless_equal(ETH_P_IPV6);
  program.load_byte(kIpv6NextHeader);
  program.accept_if_equal(kVrrp);
  program.reject_unless_equal(kIcmpv6);
  program.load_byte(kIcmpv6Type);
  program.accept_if_equal(kNeighborSolicitation);
  program.accept_if_equal(kNeighborAdvertisement);
  program.reject();
  program.attach(fd_.get());
  bind_to(ETH_P_ALL);
}

void PacketSocket::bind_to(std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = if_index_;
  check(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "bind(AF_PACKET)");
}

void PacketSocket::send(const Bytes& frame) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = if_index_;
  address.sll_halen = ETH_ALEN;
  if (frame.size() >= ETH_HLEN) {
    std::memcpy(address.sll_addr, frame.data(), ETH_ALEN);
    std::memcpy(&address.sll_protocol, frame.data() + kEtherType, sizeof(address.sll_protocol));
  }
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
    if (from.sll_pkttype == PACKET_OUTGOING && !outgoing_) continue;
    handler({if_index_, Bytes(buffer, buffer + size)});
  }
  return 0;
}

}  // namespace pgvip
