// A link-layer socket for one family on one interface: announcements out, what others say about watched VIPs in.
//
// It is bound to ARP or to IPv6, never to all protocols: the filter would then run on every frame of the host, and
// frames of other VLANs would come up as if they had no tag. Only a capture puts up with both.
#pragma once

#include <functional>
#include <vector>

#include "messages.h"
#include "read_pace.h"
#include "unique_fd.h"

namespace pgvip {

class PacketSocket {
 public:
  // Throws SyscallError (EPERM without CAP_NET_RAW, ENODEV without the interface).
  PacketSocket(Family family, int if_index);

  [[nodiscard]] ReadPace& pace() { return pace_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Passes up ARP or neighbor advertisements of other hosts about these addresses, all of the socket's family,
  // filtered in the kernel; none = nothing at all.
  void watch(const std::vector<Address>& vips);
  // Passes up every frame of VRRP, ARP and neighbor discovery, whatever the socket's family, this host's own included:
  // for diagnostics.
  void capture();
  // Sends a whole Ethernet frame.
  void send(const Bytes& frame);
  // Reads at most `limit` frames. Returns the errno of a failed read, 0 when all is well.
  int read(int limit, const std::function<void(event::NeighborFrame)>& handler);

 private:
  void bind_to(std::uint16_t protocol);

  Family family_;
  int if_index_;
  bool outgoing_ = false;
  UniqueFd fd_;
  ReadPace pace_;
};

}  // namespace pgvip
