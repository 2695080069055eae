// Ends of processes that are not this process's children.
//
// The kernel tells of an end (pidfd_open(2), Linux 5.3) when nothing is left of the process. Before that it takes the
// process's memory apart, which lasts for 1 to 15 ms where much of it is shared and the machine is busy. Nobody is told
// that this has begun, but it can be read in /proc: so who waits looks there too. And what the process does last may be
// seen in a file still earlier.
#pragma once

#include <sys/types.h>

#include <functional>
#include <list>
#include <optional>

#include "messages.h"
#include "unique_fd.h"

namespace pgvip {

// Those that are waited for.
class ProcessExits {
 public:
  using Watch = std::function<void(int fd, std::uint32_t events)>;
  using Finish = std::function<void(event::Done)>;
  ProcessExits(Watch watch, Finish finish) : watch_(std::move(watch)), finish_(std::move(finish)) {}

  // Throws SyscallError, ESRCH when the process has ended already; otherwise `finish` is called later.
  void start(double order, const order::AwaitExit& what, double now_ms);
  void proceed(double now_ms);
  [[nodiscard]] double due_ms(double idle_ms) const;

 private:
  struct Awaited {
    double order;
    pid_t pid;
    double since_ms;
    double until_ms;
    double look_ms;
    UniqueFd fd;
    // Not valid where /proc hides the process.
    UniqueFd memory;
    std::optional<order::FileSign> sign;
    int sign_flags = 0;
    // Only then it tells something of this process: what it had from the beginning may be of an earlier one.
    bool sign_was_absent = false;
  };

  static bool has_given_sign(Awaited& awaited);

  Watch watch_;
  Finish finish_;
  std::list<Awaited> awaited_;
};

}  // namespace pgvip
