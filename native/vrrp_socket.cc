// Socket options of RFC 9568 section 7, packets out and in.
#include "vrrp_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "bpf.h"
#include "parse.h"
#include "socket_address.h"

namespace pgvip {

namespace {

constexpr int kProtocolVrrp = 112;
constexpr int kTtl = 255;
// CS6, network control: what other implementations send.
constexpr int kTrafficClass = 0xc0;
constexpr int kReceiveBuffer = 512 * 1024;
constexpr std::uint32_t kVridOffset = 1;

// Source and interface of an outgoing packet, as ancillary data.
std::size_t put_packet_info(const Address& source, int if_index, msghdr* message) {
  cmsghdr* control = CMSG_FIRSTHDR(message);
  if (source.family == Family::ipv4) {
    in_pktinfo info{};
    info.ipi_ifindex = if_index;
    std::memcpy(&info.ipi_spec_dst, source.bytes, 4);
    control->cmsg_level = IPPROTO_IP;
    control->cmsg_type = IP_PKTINFO;
    control->cmsg_len = CMSG_LEN(sizeof(info));
    std::memcpy(CMSG_DATA(control), &info, sizeof(info));
    return CMSG_SPACE(sizeof(info));
  }
  in6_pktinfo info{};
  info.ipi6_ifindex = static_cast<unsigned>(if_index);
  std::memcpy(&info.ipi6_addr, source.bytes, 16);
  control->cmsg_level = IPPROTO_IPV6;
  control->cmsg_type = IPV6_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof(info));
  std::memcpy(CMSG_DATA(control), &info, sizeof(info));
  return CMSG_SPACE(sizeof(info));
}

// An IPv6 raw socket hands over only the payload; what was in the header comes beside it.
void read_ipv6_control(msghdr* message, event::Advert* advert) {
  for (cmsghdr* control = CMSG_FIRSTHDR(message); control != nullptr; control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level != IPPROTO_IPV6) continue;
    if (control->cmsg_type == IPV6_HOPLIMIT) std::memcpy(&advert->ttl, CMSG_DATA(control), sizeof(advert->ttl));
    if (control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof(info));
      advert->destination.family = Family::ipv6;
      std::memcpy(advert->destination.bytes, &info.ipi6_addr, 16);
    }
  }
}

}  // namespace

VrrpSocket::VrrpSocket(Family family, int if_index, const std::string& if_name)
    : family_(family),
      if_index_(if_index),
      fd_(check(::socket(family_of(family), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kProtocolVrrp), "socket(VRRP)",
                if_name)) {
  deafen();
  check(
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_BINDTODEVICE, if_name.c_str(), static_cast<socklen_t>(if_name.size() + 1)),
      "setsockopt(SO_BINDTODEVICE)", if_name);
  // Best effort: without CAP_NET_ADMIN the default size has to do.
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof(kReceiveBuffer));
  if (family == Family::ipv4) {
    set(IPPROTO_IP, IP_TTL, kTtl, "IP_TTL");
    set(IPPROTO_IP, IP_MULTICAST_TTL, kTtl, "IP_MULTICAST_TTL");
    set(IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP");
    // Only groups that this socket has joined, not those of other programs on this host.
    set(IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL");
    set(IPPROTO_IP, IP_TOS, kTrafficClass, "IP_TOS");
    ip_mreqn interface {};
    interface.imr_ifindex = if_index;
    check(::setsockopt(fd_.get(), IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)),
          "setsockopt(IP_MULTICAST_IF)");
  } else {
    set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, kTtl, "IPV6_UNICAST_HOPS");
    set(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kTtl, "IPV6_MULTICAST_HOPS");
    set(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP");
    set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL");
    set(IPPROTO_IPV6, IPV6_MULTICAST_IF, if_index, "IPV6_MULTICAST_IF");
    set(IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass, "IPV6_TCLASS");
    set(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT");
    set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    // With a virtual MAC adverts leave through another interface than the one whose link-local address they come from.
    set(IPPROTO_IPV6, IPV6_FREEBIND, 1, "IPV6_FREEBIND");
  }
}

void VrrpSocket::set(int level, int option, int value, const char* name) {
  check(::setsockopt(fd_.get(), level, option, &value, sizeof(value)), name);
}

void VrrpSocket::deafen() {
  Bpf program;
  program.reject();
  program.attach(fd_.get());
  // A raw socket receives from its first moment on: what came before the filter stood, of whatever interface.
  std::uint8_t ignored[1];
  while (::recv(fd_.get(), ignored, sizeof(ignored), 0) >= 0) {
  }
}

void VrrpSocket::listen(const std::vector<std::uint8_t>& router_ids) {
  Bpf program;
  if (!router_ids.empty()) {
    // An IPv4 raw socket sees the IP header, an IPv6 one only the payload.
    if (family_ == Family::ipv4) program.load_ipv4_header_length(0);
    program.load_byte(kVridOffset, family_ == Family::ipv4);
    for (const auto id : router_ids) program.accept_if_equal(id);
    program.reject();
  } else {
    program.accept();
  }
  program.attach(fd_.get());
}

void VrrpSocket::set_multicast(bool wanted) {
  if (wanted == joined_) return;
  if (family_ == Family::ipv4) {
    ip_mreqn group{};
    ::inet_pton(AF_INET, "224.0.0.18", &group.imr_multiaddr);
    group.imr_ifindex = if_index_;
    check(::setsockopt(fd_.get(), IPPROTO_IP, wanted ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &group, sizeof(group)),
          wanted ? "setsockopt(IP_ADD_MEMBERSHIP)" : "setsockopt(IP_DROP_MEMBERSHIP)");
  } else {
    ipv6_mreq group{};
    ::inet_pton(AF_INET6, "ff02::12", &group.ipv6mr_multiaddr);
    group.ipv6mr_interface = static_cast<unsigned>(if_index_);
    check(::setsockopt(fd_.get(), IPPROTO_IPV6, wanted ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &group,
                       sizeof(group)),
          wanted ? "setsockopt(IPV6_JOIN_GROUP)" : "setsockopt(IPV6_LEAVE_GROUP)");
  }
  joined_ = wanted;
}

void VrrpSocket::send(const AdvertPacket& packet, const Bytes& bytes) {
  SocketAddress destination = socket_address(packet.destination, 0, if_index_);
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in6_pktinfo))] = {};
  iovec payload{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = &destination.storage;
  message.msg_namelen = destination.length;
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  message.msg_controllen = put_packet_info(packet.source, if_index_, &message);
  check(static_cast<int>(::sendmsg(fd_.get(), &message, 0)), "sendmsg(VRRP)", to_text(packet.destination));
}

int VrrpSocket::read(int limit, const std::function<void(event::Advert)>& handler) {
  std::uint8_t buffer[2048];
  for (int count = 0; count < limit; ++count) {
    alignas(cmsghdr) char control[256] = {};
    sockaddr_in6 source{};
    iovec payload{buffer, sizeof(buffer)};
    msghdr message{};
    message.msg_name = &source;
    message.msg_namelen = sizeof(source);
    message.msg_iov = &payload;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    const ssize_t size = ::recvmsg(fd_.get(), &message, 0);
    if (size < 0) return errno == EAGAIN ? 0 : errno;
    event::Advert advert;
    advert.if_index = if_index_;
    if (family_ == Family::ipv4) {
      const auto packet = parse_ipv4(buffer, static_cast<std::size_t>(size));
      if (!packet) continue;
      advert.source = packet->source;
      advert.destination = packet->destination;
      advert.ttl = packet->ttl;
      advert.pdu.assign(packet->data, packet->data + packet->size);
    } else {
      advert.source.family = Family::ipv6;
      std::memcpy(advert.source.bytes, &source.sin6_addr, 16);
      read_ipv6_control(&message, &advert);
      advert.pdu.assign(buffer, buffer + size);
    }
    handler(std::move(advert));
  }
  return 0;
}

}  // namespace pgvip
