// The kernel's settings for a virtual MAC, each with its reason.
#include "virtual_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "unique_fd.h"

namespace pgvip {

namespace {

struct Setting {
  // Under /proc/sys/net/, with the interface's name in place of `*`.
  const char* path;
  const char* value;
};

constexpr Setting kAlways[] = {
    // An interface without a VIP is silent: it makes no address of its own, so it never asks whether somebody has it.
    {"ipv6/conf/*/addr_gen_mode", "1"},
    {"ipv6/conf/*/accept_ra", "0"},
    // What comes for the VIP is answered through the parent, which strict filtering takes for a forgery.
    {"ipv4/conf/*/rp_filter", "2"},
    // It answers for its own addresses alone.
    {"ipv4/conf/*/arp_ignore", "1"},
    // Frames to the virtual MAC on a node without the VIP go nowhere.
    {"ipv4/conf/*/forwarding", "0"},
};

constexpr Setting kOfParent[] = {
    // Otherwise the parent answers for the VIP as well, with its own MAC.
    {"ipv4/conf/*/arp_ignore", "1"},
    // Otherwise its own questions carry the VIP as sender, and who hears them takes its MAC for the VIP's.
    {"ipv4/conf/*/arp_announce", "2"},
};

// False when the kernel does not have it: IPv6 may be compiled out or switched off.
bool write_setting(const Setting& setting, const std::string& interface) {
  std::string path = std::string("/proc/sys/net/") + setting.path;
  path.replace(path.find('*'), 1, interface);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return false;
  check(file.get(), "open", path);
  check(static_cast<int>(::write(file.get(), setting.value, std::strlen(setting.value))), "write", path);
  return true;
}

}  // namespace

void add_virtual_link(RouteRequests* requests, const order::AddVirtualLink& plan, const std::string& parent) {
  for (const auto& setting : kOfParent) write_setting(setting, parent);
  requests->add_macvlan(plan.parent, plan.name, plan.mac);
  try {
    for (const auto& setting : kAlways) write_setting(setting, plan.name);
    requests->bring_up(plan.name);
  } catch (const SyscallError&) {
    requests->delete_link(plan.name);
    throw;
  }
}

}  // namespace pgvip
