// Orders from JavaScript and events to it, as plain data. The same words as src/ports/network.ts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "syscall_error.h"

namespace pgvip {

using Bytes = std::vector<std::uint8_t>;

enum class Family : std::uint8_t { ipv4, ipv6 };

// An IPv4 or IPv6 address: the first 4 or all 16 bytes count.
struct Address {
  Family family = Family::ipv4;
  std::uint8_t bytes[16] = {};

  [[nodiscard]] std::size_t size() const { return family == Family::ipv4 ? 4 : 16; }
  friend bool operator==(const Address& a, const Address& b);
};

struct AddressPlan {
  Address address;
  std::uint8_t prefix_length = 32;
  std::string label;
  std::optional<Address> broadcast;
  bool deprecated = false;
  bool no_prefix_route = false;
};

// Bytes behind the PDU of a signed advert.
constexpr std::size_t kSigningTrailer = 28;
// No advert is shorter than its fixed part.
constexpr std::size_t kAdvertHead = 8;

struct Signing {
  Bytes key;
  // How far the receivers' clocks may be from ours.
  std::uint32_t window_s = 0;
};

struct AdvertPacket {
  Address source;
  Address destination;
  // With signing, the PDU and a trailer that is still to be filled in.
  Bytes pdu;
  std::optional<Signing> signing;
};

// Interfaces of a virtual router, by family.
struct Links {
  int ipv4 = 0;
  int ipv6 = 0;

  [[nodiscard]] int of(Family family) const { return family == Family::ipv4 ? ipv4 : ipv6; }
};

struct HoldingPlan {
  std::uint32_t holding = 0;
  Links links;
  std::vector<AddressPlan> addresses;
  std::vector<Bytes> announcements;
  std::vector<AdvertPacket> adverts;
  double advert_interval_ms = 1000;
  std::vector<AdvertPacket> resignations;
  bool destroy_sockets = false;
  std::uint32_t kernel_lease_s = 0;
  double lease_until_ms = 0;
  double right_until_ms = 0;

  // Whether it puts this address, with this prefix length, on this interface.
  [[nodiscard]] bool has(int on_index, const Address& address, std::uint8_t prefix_length) const {
    return links.of(address.family) == on_index &&
           std::any_of(addresses.begin(), addresses.end(), [&](const AddressPlan& plan) {
             return plan.address == address && plan.prefix_length == prefix_length;
           });
  }
};

struct Listening {
  int if_index = 0;
  bool ipv4 = false;
  bool ipv6 = false;
  bool multicast = false;
  // Pass up every frame of VRRP, ARP and neighbor discovery, whoever sent it.
  bool capture = false;
  std::vector<std::uint8_t> router_ids;
  std::vector<Address> vips;
};

namespace order {
struct Listen {
  Listening listening;
};
struct Unlisten {
  int if_index;
};
struct TakeOver {
  HoldingPlan plan;
  bool announce;
};
struct Renew {
  std::uint32_t holding;
  double lease_until_ms;
  double right_until_ms;
};
struct Advertise {
  std::uint32_t holding;
  std::vector<AdvertPacket> adverts;
};
struct Announce {
  std::uint32_t holding;
};
struct Release {
  std::uint32_t holding;
  bool resign;
};
struct Abandon {
  std::uint32_t holding;
};
struct RemoveAddresses {
  int if_index;
  std::vector<AddressPlan> addresses;
  bool destroy_sockets;
};
struct AddVirtualLink {
  int parent;
  std::string name;
  Bytes mac;
};
struct RemoveVirtualLink {
  std::string name;
};
struct SendFrames {
  int if_index;
  std::vector<Bytes> frames;
};
struct SendAdverts {
  int if_index;
  std::vector<AdvertPacket> adverts;
};
struct Dump {};
struct Patience {
  double first_ms;
  double every_ms;
  double until_ms;
  Bytes known;
  std::vector<std::string> ignored;
};
struct Exchange {
  Address address;
  std::uint16_t port;
  Bytes request;
  double connect_timeout_ms;
  double timeout_ms;
  std::size_t max_bytes;
  std::optional<Patience> patience;
};
// Of a file that its giver keeps open: it comes to have this 32-bit word there, in the host's byte order.
struct FileSign {
  int fd;
  off_t offset;
  std::uint32_t value;
};
struct AwaitExit {
  pid_t pid;
  double timeout_ms;
  std::optional<FileSign> sign;
};
struct ExpectAdverts {
  int if_index;
  Address source;
  Address destination;
  int ttl;
  Bytes pdu;
  double silence_ms;
  double until_ms;
};
struct HeedAdverts {
  int if_index;
  std::uint8_t router_id;
};
}  // namespace order

struct Order {
  double number = 0;
  std::variant<order::Listen, order::Unlisten, order::TakeOver, order::Renew, order::Advertise, order::Announce,
               order::Release, order::Abandon, order::RemoveAddresses, order::AddVirtualLink, order::RemoveVirtualLink,
               order::SendFrames, order::SendAdverts, order::Dump, order::Exchange, order::AwaitExit,
               order::ExpectAdverts, order::HeedAdverts>
      what;
};

struct LinkState {
  int if_index = 0;
  std::string name;
  bool up = false;
  bool carrier = false;
  bool loopback = false;
  Bytes mac;
  std::uint32_t mtu = 0;
};

struct AddressState {
  int if_index = 0;
  Address address;
  std::uint8_t prefix_length = 0;
  std::string label;
  std::uint32_t flags = 0;
  // Remaining valid lifetime in seconds; none = for ever.
  std::optional<std::uint32_t> valid_s;
  std::uint8_t scope = 0;
};

struct TakeOverTimes {
  double started_ms = 0;
  double address_ms = 0;
  double announced_ms = 0;
  double advertised_ms = 0;
};

namespace event {
struct Done {
  double order = 0;
  std::optional<Failure> failure;
  std::optional<TakeOverTimes> times;
  std::uint32_t sockets_destroyed = 0;
  std::optional<Bytes> answer;
  std::optional<double> sent_ms;
};
struct Advert {
  int if_index = 0;
  Address source;
  Address destination;
  int ttl = 0;
  Bytes pdu;
  std::uint32_t untold = 0;
};
struct AdvertsCeased {
  int if_index = 0;
  Address source;
  std::uint8_t router_id = 0;
  std::uint32_t untold = 0;
};
struct NeighborFrame {
  int if_index = 0;
  Bytes frame;
};
struct Link {
  bool present = false;
  LinkState link;
};
struct AddressChange {
  bool present = false;
  AddressState address;
};
struct Snapshot {
  const char* reason = "asked";
  std::vector<LinkState> links;
  std::vector<AddressState> addresses;
};
struct LeaseEnded {
  std::uint32_t holding = 0;
  double lease_until_ms = 0;
  bool silent = false;
  std::uint32_t sockets_destroyed = 0;
  std::optional<Failure> failure;
};
struct Trouble {
  Failure failure;
  std::uint32_t count = 1;
};
struct Suspended {
  double for_ms = 0;
};
struct Overflow {
  std::uint32_t dropped = 0;
};
}  // namespace event

struct Event {
  double at_ms = 0;
  std::variant<event::Done, event::Advert, event::AdvertsCeased, event::NeighborFrame, event::Link,
               event::AddressChange, event::Snapshot, event::LeaseEnded, event::Trouble, event::Suspended,
               event::Overflow>
      what;
};

// Text of an address, for error messages and JavaScript.
std::string to_text(const Address& address);
// Names an address on an interface.
std::string key_of(int if_index, const Address& address, std::uint8_t prefix_length);
// The address of a text; none when it is no IP address.
std::optional<Address> parse_address(const std::string& text);

}  // namespace pgvip
