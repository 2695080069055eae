// Every length is checked before a byte behind it is read.
#include "parse.h"

#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace pgvip {

namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::uint32_t kForever = 0xffffffffU;
// IFF_LOWER_UP is above the flags that <net/if.h> knows.
constexpr std::uint32_t kLowerUp = 1U << 16U;

// Reads a plain struct that may not be aligned.
template <typename T>
bool read(const std::uint8_t* data, std::size_t size, T* out) {
  if (size < sizeof(T)) return false;
  std::memcpy(out, data, sizeof(T));
  return true;
}

// Walks the messages of a netlink datagram.
template <typename Visit>
void each_message(const std::uint8_t* data, std::size_t size, Visit visit) {
  nlmsghdr header{};
  while (read(data, size, &header)) {
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > size) return;
    visit(header, data + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    if (step >= size) return;
    data += step;
    size -= step;
  }
}

// Walks the messages that belong to the answer, notes how far it has come, and leaves the others to the visitor.
template <typename Visit>
void each_answer(const std::uint8_t* data, std::size_t size, Answer* answer, Visit visit) {
  each_message(data, size, [&](const nlmsghdr& header, const std::uint8_t* body, std::size_t length) {
    if (answer->complete || (answer->sequence != 0 && header.nlmsg_seq != answer->sequence)) return;
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) answer->interrupted = true;
    if (header.nlmsg_type != NLMSG_DONE && header.nlmsg_type != NLMSG_ERROR) {
      visit(header, body, length);
      return;
    }
    std::int32_t error = 0;
    // The end of a dump carries an errno too, and an error so short that it has none is one all the same.
    if (!read(body, length, &error) && header.nlmsg_type == NLMSG_ERROR) error = -EPROTO;
    // As unsigned, because the negative of the least number has no room.
    answer->error = static_cast<int>(0U - static_cast<std::uint32_t>(error));
    answer->complete = answer->sequence != 0;
  });
}

// Walks route attributes.
template <typename Visit>
void each_attribute(const std::uint8_t* data, std::size_t size, Visit visit) {
  rtattr attribute{};
  while (read(data, size, &attribute)) {
    if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > size) return;
    visit(attribute.rta_type, data + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0));
    const std::size_t step = RTA_ALIGN(attribute.rta_len);
    if (step >= size) return;
    data += step;
    size -= step;
  }
}

std::string text_of(const std::uint8_t* data, std::size_t size) {
  const auto* text = reinterpret_cast<const char*>(data);
  return {text, ::strnlen(text, size)};
}

std::optional<LinkState> parse_link(const std::uint8_t* data, std::size_t size) {
  ifinfomsg info{};
  if (!read(data, size, &info) || info.ifi_family != AF_UNSPEC) return std::nullopt;
  LinkState link;
  link.if_index = info.ifi_index;
  link.up = (info.ifi_flags & IFF_UP) != 0;
  link.carrier = (info.ifi_flags & kLowerUp) != 0;
  link.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0;
  const std::size_t head = NLMSG_ALIGN(sizeof(info));
  if (size < head) return link;
  each_attribute(data + head, size - head, [&](std::uint16_t type, const std::uint8_t* value, std::size_t length) {
    if (type == IFLA_IFNAME) link.name = text_of(value, length);
    if (type == IFLA_MTU) read(value, length, &link.mtu);
    if (type == IFLA_ADDRESS) link.mac.assign(value, value + length);
  });
  return link;
}

std::optional<AddressState> parse_address_state(const std::uint8_t* data, std::size_t size) {
  ifaddrmsg info{};
  if (!read(data, size, &info)) return std::nullopt;
  if (info.ifa_family != AF_INET && info.ifa_family != AF_INET6) return std::nullopt;
  AddressState state;
  state.if_index = static_cast<int>(info.ifa_index);
  state.address.family = info.ifa_family == AF_INET ? Family::ipv4 : Family::ipv6;
  state.prefix_length = info.ifa_prefixlen;
  state.flags = info.ifa_flags;
  state.scope = info.ifa_scope;
  const std::size_t head = NLMSG_ALIGN(sizeof(info));
  if (size < head) return std::nullopt;
  bool found = false;
  bool local = false;
  each_attribute(data + head, size - head, [&](std::uint16_t type, const std::uint8_t* value, std::size_t length) {
    if ((type == IFA_LOCAL || (type == IFA_ADDRESS && !local)) && length == state.address.size()) {
      // On point-to-point links IFA_ADDRESS is the other end; IFA_LOCAL is ours wherever it is given.
      std::memcpy(state.address.bytes, value, length);
      found = true;
      local = local || type == IFA_LOCAL;
    }
    if (type == IFA_LABEL) state.label = text_of(value, length);
    if (type == IFA_FLAGS) read(value, length, &state.flags);
    ifa_cacheinfo cache{};
    if (type == IFA_CACHEINFO && read(value, length, &cache) && cache.ifa_valid != kForever) {
      state.valid_s = cache.ifa_valid;
    }
  });
  if (!found) return std::nullopt;
  return state;
}

}  // namespace

std::optional<Ipv4Payload> parse_ipv4(const std::uint8_t* data, std::size_t size) {
  if (size < kIpv4Header || (data[0] >> 4U) != 4) return std::nullopt;
  const std::size_t header = static_cast<std::size_t>(data[0] & 0x0fU) * 4;
  const std::size_t total = (static_cast<std::size_t>(data[2]) << 8U) | data[3];
  if (header < kIpv4Header || total < header || total > size) return std::nullopt;
  Ipv4Payload packet;
  packet.ttl = data[8];
  std::memcpy(packet.source.bytes, data + 12, 4);
  std::memcpy(packet.destination.bytes, data + 16, 4);
  packet.data = data + header;
  packet.size = total - header;
  return packet;
}

void parse_route(const std::uint8_t* data, std::size_t size, const RouteHandlers& handlers, Answer* answer) {
  each_answer(data, size, answer, [&](const nlmsghdr& header, const std::uint8_t* body, std::size_t length) {
    switch (header.nlmsg_type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        if (!handlers.link) break;
        if (auto link = parse_link(body, length)) handlers.link(header.nlmsg_type == RTM_NEWLINK, *link);
        break;
      case RTM_NEWADDR:
      case RTM_DELADDR:
        if (!handlers.address) break;
        if (auto state = parse_address_state(body, length)) handlers.address(header.nlmsg_type == RTM_NEWADDR, *state);
        break;
      default:
        break;
    }
  });
}

void parse_diag(const std::uint8_t* data, std::size_t size, const std::function<void(const DiagSocket&)>& handler,
                Answer* answer) {
  each_answer(data, size, answer, [&](const nlmsghdr& header, const std::uint8_t* body, std::size_t length) {
    inet_diag_msg message{};
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || !read(body, length, &message)) return;
    if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return;
    DiagSocket socket;
    socket.family = message.idiag_family;
    socket.state = message.idiag_state;
    static_assert(sizeof(socket.id) == sizeof(message.id), "inet_diag_sockid has another size");
    std::memcpy(socket.id, &message.id, sizeof(socket.id));
    socket.local.family = message.idiag_family == AF_INET ? Family::ipv4 : Family::ipv6;
    std::memcpy(socket.local.bytes, message.id.idiag_src, socket.local.size());
    handler(socket);
  });
}

}  // namespace pgvip
