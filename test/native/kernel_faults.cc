// Preloaded into a process, this makes the kernel's netlink answers go wrong in one way, once. PGVIP_KERNEL_FAULT says
// in which: the kernel does such things so rarely that no test could wait for them.
#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "../../lab/netlink_fd.h"

namespace {

bool is_fault(const char* name) {
  const char* wanted = std::getenv("PGVIP_KERNEL_FAULT");
  return wanted != nullptr && std::strcmp(wanted, name) == 0;
}

bool once() {
  static bool done = false;
  return !std::exchange(done, true);
}

// The dump of addresses says that it was interrupted, and what it says is worth nothing.
void interrupt_dump(nlmsghdr* header, std::size_t size) {
  if (header->nlmsg_type != RTM_NEWADDR || (header->nlmsg_flags & NLM_F_MULTI) == 0 || !once()) return;
  for (auto rest = static_cast<int>(size); NLMSG_OK(header, static_cast<unsigned>(rest));
       header = NLMSG_NEXT(header, rest)) {
    header->nlmsg_flags |= NLM_F_DUMP_INTR;
    if (header->nlmsg_type == RTM_NEWADDR) header->nlmsg_type = NLMSG_NOOP;
  }
}

// The first socket that is destroyed says that it was not allowed.
void refuse_destruction(nlmsghdr* header) {
  if (header->nlmsg_type != NLMSG_ERROR) return;
  auto* answer = static_cast<nlmsgerr*>(NLMSG_DATA(header));
  if (answer->msg.nlmsg_type == SOCK_DESTROY && once()) answer->error = -EPERM;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) ssize_t recv(int fd, void* buffer, std::size_t size, int flags) {
  static const auto real = reinterpret_cast<ssize_t (*)(int, void*, std::size_t, int)>(::dlsym(RTLD_NEXT, "recv"));
  const ssize_t received = real(fd, buffer, size, flags);
  if (received < static_cast<ssize_t>(sizeof(nlmsghdr)) || !is_netlink(fd)) return received;
  auto* header = static_cast<nlmsghdr*>(buffer);
  if (is_fault("dump interrupted")) interrupt_dump(header, static_cast<std::size_t>(received));
  if (is_fault("destruction refused")) refuse_destruction(header);
  if (is_fault("dump failed") && header->nlmsg_type == RTM_NEWLINK && (header->nlmsg_flags & NLM_F_MULTI) != 0 &&
      once()) {
    errno = ENOBUFS;
    return -1;
  }
  return received;
}
