// Attaches the programs.
#include "bpf.h"

#include <sys/socket.h>

#include "syscall_error.h"

namespace pgvip {

void Bpf::attach(int fd) const {
  sock_fprog program{};
  program.len = static_cast<std::uint16_t>(program_.size());
  program.filter = const_cast<sock_filter*>(program_.data());
  check(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), "setsockopt(SO_ATTACH_FILTER)");
}

}  // namespace pgvip
