// Preloaded into a process, this sends its netlink messages without CAP_NET_ADMIN for as long as the file
// $LAB_RIGHTS/<number of the process> is there. What the kernel answers then, EPERM, is its own word.
#include <dlfcn.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "netlink_fd.h"

namespace {

// Of the calling thread alone.
class WithoutNetAdmin {
 public:
  WithoutNetAdmin() {
    ::syscall(SYS_capget, &header_, before_);
    __user_cap_data_struct less[2] = {before_[0], before_[1]};
    less[0].effective &= ~(std::uint32_t{1} << CAP_NET_ADMIN);
    ::syscall(SYS_capset, &header_, less);
  }
  ~WithoutNetAdmin() { ::syscall(SYS_capset, &header_, before_); }
  WithoutNetAdmin(const WithoutNetAdmin&) = delete;
  WithoutNetAdmin& operator=(const WithoutNetAdmin&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
};

bool is_without_rights() {
  const char* directory = std::getenv("LAB_RIGHTS");
  return directory != nullptr && ::access((directory + ("/" + std::to_string(::getpid()))).c_str(), F_OK) == 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) ssize_t send(int fd, const void* buffer, std::size_t size,
                                                               int flags) {
  static const auto real =
      reinterpret_cast<ssize_t (*)(int, const void*, std::size_t, int)>(::dlsym(RTLD_NEXT, "send"));
  if (!is_netlink(fd) || !is_without_rights()) return real(fd, buffer, size, flags);
  const WithoutNetAdmin here;
  return real(fd, buffer, size, flags);
}
