// One raw socket for VRRP (IP protocol 112) of one family on one interface.
#pragma once

#include <functional>
#include <vector>

#include "messages.h"
#include "read_pace.h"
#include "unique_fd.h"

namespace pgvip {

class VrrpSocket {
 public:
  // Throws SyscallError (EPERM without CAP_NET_RAW, ENODEV without the interface).
  VrrpSocket(Family family, int if_index, const std::string& if_name);

  [[nodiscard]] ReadPace& pace() { return pace_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Family family() const { return family_; }

  // Passes only these router IDs up, filtered in the kernel; none = all. Until then the socket hears nothing.
  void listen(const std::vector<std::uint8_t>& router_ids);
  // Joins the VRRP group 224.0.0.18 or ff02::12, or leaves it.
  void set_multicast(bool wanted);
  // TTL or hop limit 255, source as in the packet; `bytes` are what leaves for its PDU.
  void send(const AdvertPacket& packet, const Bytes& bytes);
  // Reads at most `limit` packets. Returns the errno of a failed read, 0 when all is well.
  int read(int limit, const std::function<void(event::Advert)>& handler);

 private:
  void deafen();
  void set(int level, int option, int value, const char* name);

  Family family_;
  int if_index_;
  bool joined_ = false;
  UniqueFd fd_;
  ReadPace pace_;
};

}  // namespace pgvip
