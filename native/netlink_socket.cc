// rtnetlink messages, built and sent.
#include "netlink_socket.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>

namespace pgvip {

namespace {

constexpr std::uint32_t kForever = 0xffffffffU;
constexpr std::size_t kBuffer = 64 * 1024;
constexpr int kMonitorBuffer = 1024 * 1024;
// How often an interrupted dump is asked again before the thread goes on with its other work.
constexpr int kDumps = 8;
// The kernel answers at once; this only keeps a lost answer from stopping the thread.
constexpr timeval kAnswerTimeout = {0, 500 * 1000};

UniqueFd open_route(int flags) {
  return UniqueFd(check(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE), "socket(NETLINK_ROUTE)"));
}

void append(Bytes* message, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  message->insert(message->end(), bytes, bytes + size);
  message->resize(NLMSG_ALIGN(message->size()));
}

template <typename Body>
Bytes request(std::uint16_t type, std::uint16_t flags, const Body& body) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  Bytes message;
  append(&message, &header, sizeof(header));
  append(&message, &body, sizeof(body));
  return message;
}

void add_attribute(Bytes* message, std::uint16_t type, const void* data, std::size_t size) {
  rtattr attribute{};
  attribute.rta_type = type;
  attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  append(message, &attribute, sizeof(attribute));
  append(message, data, size);
}

// What comes after this, until it is closed, is inside the attribute.
std::size_t open_nest(Bytes* message, std::uint16_t type) {
  const std::size_t at = message->size();
  add_attribute(message, type, nullptr, 0);
  return at;
}

void close_nest(Bytes* message, std::size_t at) {
  rtattr attribute{};
  std::memcpy(&attribute, message->data() + at, sizeof(attribute));
  attribute.rta_len = static_cast<std::uint16_t>(message->size() - at);
  std::memcpy(message->data() + at, &attribute, sizeof(attribute));
}

void add_text(Bytes* message, std::uint16_t type, const std::string& text) {
  add_attribute(message, type, text.c_str(), text.size() + 1);
}

ifaddrmsg address_header(int if_index, const Address& address, std::uint8_t prefix_length) {
  ifaddrmsg info{};
  info.ifa_family = address.family == Family::ipv4 ? AF_INET : AF_INET6;
  info.ifa_prefixlen = prefix_length;
  info.ifa_scope = RT_SCOPE_UNIVERSE;
  info.ifa_index = static_cast<unsigned>(if_index);
  return info;
}

void add_address(Bytes* message, const Address& address) {
  add_attribute(message, IFA_LOCAL, address.bytes, address.size());
  add_attribute(message, IFA_ADDRESS, address.bytes, address.size());
}

}  // namespace

RouteRequests::RouteRequests() : fd_(open_route(0)) {
  check(::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerTimeout, sizeof(kAnswerTimeout)),
        "setsockopt(SO_RCVTIMEO)");
}

void RouteRequests::put_address(int if_index, const AddressPlan& plan, std::uint32_t valid_s) {
  Bytes message = request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
                          address_header(if_index, plan.address, plan.prefix_length));
  add_address(&message, plan.address);
  if (!plan.label.empty()) add_attribute(&message, IFA_LABEL, plan.label.c_str(), plan.label.size() + 1);
  if (plan.broadcast) add_attribute(&message, IFA_BROADCAST, plan.broadcast->bytes, plan.broadcast->size());
  std::uint32_t flags = plan.no_prefix_route ? IFA_F_NOPREFIXROUTE : 0U;
  // Duplicate address detection would keep the VIP unusable for one to two seconds.
  if (plan.address.family == Family::ipv6) flags |= IFA_F_NODAD;
  add_attribute(&message, IFA_FLAGS, &flags, sizeof(flags));
  if (valid_s > 0 || plan.deprecated) {
    ifa_cacheinfo cache{};
    cache.ifa_valid = valid_s > 0 ? valid_s : kForever;
    cache.ifa_prefered = plan.deprecated ? 0 : cache.ifa_valid;
    add_attribute(&message, IFA_CACHEINFO, &cache, sizeof(cache));
  }
  transact(&message, "RTM_NEWADDR", to_text(plan.address));
}

bool RouteRequests::delete_address(int if_index, const Address& address, std::uint8_t prefix_length) {
  Bytes message = request(RTM_DELADDR, NLM_F_ACK, address_header(if_index, address, prefix_length));
  add_address(&message, address);
  try {
    transact(&message, "RTM_DELADDR", to_text(address));
  } catch (const SyscallError& error) {
    const auto& name = error.failure().errno_name;
    if (name == "EADDRNOTAVAIL" || name == "ENODEV") return false;
    throw;
  }
  return true;
}

void RouteRequests::add_macvlan(int parent, const std::string& name, const Bytes& mac) {
  Bytes message = request(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  const auto link = static_cast<std::uint32_t>(parent);
  add_attribute(&message, IFLA_LINK, &link, sizeof(link));
  add_text(&message, IFLA_IFNAME, name);
  add_attribute(&message, IFLA_ADDRESS, mac.data(), mac.size());
  const std::size_t info = open_nest(&message, IFLA_LINKINFO);
  add_text(&message, IFLA_INFO_KIND, "macvlan");
  const std::size_t data = open_nest(&message, IFLA_INFO_DATA);
  // In mode private the kernel would give what other nodes send from the same MAC to this interface alone, and keep it
  // from the parent, where adverts are heard.
  const std::uint32_t mode = MACVLAN_MODE_BRIDGE;
  add_attribute(&message, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
  close_nest(&message, data);
  close_nest(&message, info);
  transact(&message, "RTM_NEWLINK", name);
}

void RouteRequests::bring_up(const std::string& name) {
  ifinfomsg info{};
  info.ifi_flags = IFF_UP;
  info.ifi_change = IFF_UP;
  Bytes message = request(RTM_NEWLINK, NLM_F_ACK, info);
  add_text(&message, IFLA_IFNAME, name);
  transact(&message, "RTM_NEWLINK", name);
}

bool RouteRequests::delete_link(const std::string& name) {
  Bytes message = request(RTM_DELLINK, NLM_F_ACK, ifinfomsg{});
  add_text(&message, IFLA_IFNAME, name);
  try {
    transact(&message, "RTM_DELLINK", name);
  } catch (const SyscallError& error) {
    if (error.failure().errno_name == "ENODEV") return false;
    throw;
  }
  return true;
}

std::uint32_t RouteRequests::send(Bytes* message, const std::string& call, const std::string& detail) {
  // 0 means "every sequence" to those who read the answers.
  if (++sequence_ == 0) sequence_ = 1;
  nlmsghdr header{};
  std::memcpy(&header, message->data(), sizeof(header));
  header.nlmsg_len = static_cast<std::uint32_t>(message->size());
  header.nlmsg_seq = sequence_;
  std::memcpy(message->data(), &header, sizeof(header));
  check(static_cast<int>(::send(fd_.get(), message->data(), message->size(), 0)), call.c_str(), detail);
  return sequence_;
}

void RouteRequests::transact(Bytes* message, const std::string& call, const std::string& detail) {
  Answer answer;
  answer.sequence = send(message, call, detail);
  std::uint8_t buffer[8192];
  while (!answer.complete) {
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (size < 0) throw SyscallError(call, errno == EAGAIN ? ETIMEDOUT : errno, detail);
    parse_route(buffer, static_cast<std::size_t>(size), {}, &answer);
  }
  if (answer.error != 0) throw SyscallError(call, answer.error, detail);
}

bool RouteRequests::dump(std::uint16_t type, const char* call, const RouteHandlers& handlers) {
  Bytes message = request(type, NLM_F_DUMP, rtgenmsg{AF_UNSPEC});
  Answer answer;
  answer.sequence = send(&message, call, "dump");
  Bytes buffer(kBuffer);
  while (!answer.complete) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) throw SyscallError(call, errno == EAGAIN ? ETIMEDOUT : errno, "dump");
    parse_route(buffer.data(), static_cast<std::size_t>(size), handlers, &answer);
  }
  if (answer.error != 0) throw SyscallError(call, answer.error, "dump");
  return !answer.interrupted;
}

std::vector<LinkState> RouteRequests::links() {
  for (int round = 0; round < kDumps; ++round) {
    std::vector<LinkState> links;
    RouteHandlers handlers;
    handlers.link = [&](bool, const LinkState& link) { links.push_back(link); };
    if (dump(RTM_GETLINK, "RTM_GETLINK", handlers)) return links;
  }
  throw SyscallError("RTM_GETLINK", EINTR, "dump interrupted again and again");
}

std::vector<AddressState> RouteRequests::addresses() {
  for (int round = 0; round < kDumps; ++round) {
    std::vector<AddressState> addresses;
    RouteHandlers handlers;
    handlers.address = [&](bool, const AddressState& address) { addresses.push_back(address); };
    if (dump(RTM_GETADDR, "RTM_GETADDR", handlers)) return addresses;
  }
  throw SyscallError("RTM_GETADDR", EINTR, "dump interrupted again and again");
}

RouteMonitor::RouteMonitor() : fd_(open_route(SOCK_NONBLOCK)) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  check(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), "bind(rtnetlink groups)");
  // Best effort: without CAP_NET_ADMIN the kernel's own limit holds, and an overrun is recovered from.
  (void)::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kMonitorBuffer, sizeof(kMonitorBuffer));
}

RouteMonitor::Result RouteMonitor::read(const std::function<void(bool, const LinkState&)>& link,
                                        const std::function<void(bool, const AddressState&)>& address) {
  Answer unasked;
  std::uint8_t buffer[32 * 1024];
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (size > 0) {
      parse_route(buffer, static_cast<std::size_t>(size), {link, address}, &unasked);
    } else {
      return size < 0 && errno == ENOBUFS ? Result::overrun : Result::idle;
    }
  }
}

}  // namespace pgvip
