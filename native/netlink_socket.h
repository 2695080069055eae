// rtnetlink: requests that are acknowledged, dumps, and the stream of changes.
#pragma once

#include <functional>

#include "messages.h"
#include "parse.h"
#include "unique_fd.h"

namespace pgvip {

// One netlink socket for requests. Every call waits for the kernel's answer, which is there when sendmsg returns.
class RouteRequests {
 public:
  RouteRequests();

  // RTM_NEWADDR, create or replace. `valid_s` 0 = no lifetime. Throws SyscallError with the kernel's errno.
  void put_address(int if_index, const AddressPlan& plan, std::uint32_t valid_s);
  // RTM_DELADDR. Returns false when the address was not there (EADDRNOTAVAIL) or its interface is gone (ENODEV).
  bool delete_address(int if_index, const Address& address, std::uint8_t prefix_length);
  // RTM_NEWLINK: a macvlan interface in mode bridge, down.
  void add_macvlan(int parent, const std::string& name, const Bytes& mac);
  void bring_up(const std::string& name);
  // RTM_DELLINK. Returns false when there is no such interface (ENODEV).
  bool delete_link(const std::string& name);
  // All links and all addresses. A dump that changes interrupted is asked again; EINTR when they do not end.
  [[nodiscard]] std::vector<LinkState> links();
  [[nodiscard]] std::vector<AddressState> addresses();

 private:
  // Fills in length and sequence number, which it returns.
  std::uint32_t send(Bytes* message, const std::string& call, const std::string& detail);
  void transact(Bytes* message, const std::string& call, const std::string& detail);
  // False when it was interrupted (NLM_F_DUMP_INTR).
  bool dump(std::uint16_t type, const char* call, const RouteHandlers& handlers);

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

// Membership in RTNLGRP_LINK, IPV4_IFADDR and IPV6_IFADDR; non-blocking.
class RouteMonitor {
 public:
  RouteMonitor();

  [[nodiscard]] int fd() const { return fd_.get(); }
  enum class Result { idle, overrun };
  // Reads what is there. `overrun`: the kernel dropped messages (ENOBUFS), only a fresh dump tells the truth.
  Result read(const std::function<void(bool, const LinkState&)>& link,
              const std::function<void(bool, const AddressState&)>& address);

 private:
  UniqueFd fd_;
};

}  // namespace pgvip
