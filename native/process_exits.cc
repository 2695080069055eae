// Ends of processes that are not this process's children.
#include "process_exits.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "syscall_error.h"

namespace pgvip {

namespace {

// A C library may be older than the call, which has one number on all architectures.
constexpr long kPidfdOpen = 434;

// Between two looks into /proc: a hundredth of the time waited so far, so that a long wait is cheap.
constexpr double kLookMs = 1;
constexpr double kLookAtMostMs = 20;
constexpr double kLooksPerWait = 100;

UniqueFd open_memory(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/statm";
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// Its size is 0 pages once the process has left its last instruction behind, of its own will or not: proc_pid_statm(5).
bool has_let_go(int memory) {
  char size[2] = {};
  return ::pread(memory, size, sizeof(size), 0) == sizeof(size) && size[0] == '0' && size[1] == ' ';
}

// To read without ever waiting for a disk: on tmpfs everything is in memory; other file systems say whether something
// is, or that they cannot say.
int flags_to_read(int fd) {
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC ? 0 : RWF_NOWAIT;
}

// Nothing where it is not known that the word is in memory.
std::optional<std::uint32_t> word_of(const order::FileSign& sign, int flags) {
  std::uint32_t word = 0;
  iovec part{&word, sizeof(word)};
  const auto count = ::preadv2(sign.fd, &part, 1, sign.offset, flags);
  return count == sizeof(word) ? std::optional(word) : std::nullopt;
}

// Readable once the process has ended, whether or not its parent has taken notice.
bool has_ended(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, 0) > 0;
}

}  // namespace

void ProcessExits::start(double order, const order::AwaitExit& what, double now_ms) {
  const long pidfd = ::syscall(kPidfdOpen, what.pid, 0U);
  UniqueFd fd(check(static_cast<int>(pidfd), "pidfd_open", std::to_string(what.pid)));
  UniqueFd memory = open_memory(what.pid);
  const bool looks = memory.valid() || what.sign.has_value();
  const double look_ms = looks ? now_ms : std::numeric_limits<double>::infinity();
  const double until_ms = now_ms + what.timeout_ms;
  Awaited awaited{order, what.pid, now_ms, until_ms, look_ms, std::move(fd), std::move(memory), what.sign};
  if (what.sign) awaited.sign_flags = flags_to_read(what.sign->fd);
  watch_(awaited.fd.get(), EPOLLIN | EPOLLET);
  awaited_.push_back(std::move(awaited));
}

void ProcessExits::proceed(double now_ms) {
  for (auto next = awaited_.begin(); next != awaited_.end();) {
    bool ended = has_ended(next->fd.get());
    if (!ended && now_ms >= next->look_ms) {
      ended = has_let_go(next->memory.get()) || has_given_sign(*next);
      next->look_ms = now_ms + std::clamp((now_ms - next->since_ms) / kLooksPerWait, kLookMs, kLookAtMostMs);
    }
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

bool ProcessExits::has_given_sign(Awaited& awaited) {
  const auto word = awaited.sign ? word_of(*awaited.sign, awaited.sign_flags) : std::nullopt;
  if (!word) return false;
  if (*word == awaited.sign->value) return awaited.sign_was_absent;
  awaited.sign_was_absent = true;
  return false;
}

double ProcessExits::due_ms(double idle_ms) const {
  double due = idle_ms;
  for (const auto& awaited : awaited_) due = std::min({due, awaited.until_ms, awaited.look_ms});
  return due;
}

}  // namespace pgvip
