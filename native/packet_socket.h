// A link-layer socket on one interface: announcements out, ARP and neighbor advertisements about watched VIPs in.
#pragma once

#include <functional>
#include <vector>

#include "messages.h"
#include "unique_fd.h"

namespace pgvip {

class PacketSocket {
 public:
  // Throws SyscallError (EPERM without CAP_NET_RAW, ENODEV without the interface).
  explicit PacketSocket(int if_index);

  [[nodiscard]] int fd() const { return fd_.get(); }

  // Passes up frames of other hosts about these addresses, filtered in the kernel; none = nothing at all.
  void watch(const std::vector<Address>& vips);
  // Sends a whole Ethernet frame.
  void send(const Bytes& frame);
  // Reads at most `limit` frames. Returns the errno of a failed read, 0 when all is well.
  int read(int limit, const std::function<void(event::NeighborFrame)>& handler);

 private:
  int if_index_;
  UniqueFd fd_;
};

}  // namespace pgvip
