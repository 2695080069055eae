// Ends of processes that are not this process's children.
#include "process_exits.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "syscall_error.h"

namespace pgvip {

namespace {

// A C library may be older than the call, which has one number on all architectures.
constexpr long kPidfdOpen = 434;

// Readable once the process has ended, whether or not its parent has taken notice.
bool has_ended(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

void ProcessExits::start(double order, const order::AwaitExit& what, double now_ms) {
  const long fd = ::syscall(kPidfdOpen, what.pid, 0U);
  Awaited awaited{order, what.pid, now_ms + what.timeout_ms,
                  UniqueFd(check(static_cast<int>(fd), "pidfd_open", std::to_string(what.pid)))};
  watch_(awaited.fd.get(), EPOLLIN | EPOLLET);
  awaited_.push_back(std::move(awaited));
}

void ProcessExits::proceed(double now_ms) {
  for (auto next = awaited_.begin(); next != awaited_.end();) {
    const bool ended = has_ended(next->fd.get());
    if (!ended && now_ms < next->until_ms) {
      ++next;
      continue;
    }
    event::Done done;
    done.order = next->order;
    if (!ended) done.failure = failure("pidfd_open", ETIMEDOUT, std::to_string(next->pid));
    finish_(std::move(done));
    next = awaited_.erase(next);
  }
}

double ProcessExits::due_ms(double idle_ms) const {
  double due = idle_ms;
  for (const auto& awaited : awaited_) due = std::min(due, awaited.until_ms);
  return due;
}

}  // namespace pgvip
