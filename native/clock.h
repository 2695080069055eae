// Time in milliseconds, with fractions.
//
// Instants that cross to JavaScript are CLOCK_MONOTONIC. Leases are judged on CLOCK_BOOTTIME, which goes on while the
// machine is suspended: a right must not sleep through the time in which it ended.
#pragma once

#include <ctime>

namespace pgvip {

inline double clock_ms(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Wall-clock time, as it is told to other hosts.
inline timespec realtime_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

inline double monotonic_ms() { return clock_ms(CLOCK_MONOTONIC); }
inline double boottime_ms() { return clock_ms(CLOCK_BOOTTIME); }

// An instant given on the monotonic clock, kept on the boot clock.
class BootDeadline {
 public:
  BootDeadline() = default;
  explicit BootDeadline(double monotonic) : boot_ms_(monotonic + boottime_ms() - monotonic_ms()) {}

  [[nodiscard]] double remaining_ms() const { return boot_ms_ - boottime_ms(); }
  [[nodiscard]] bool passed() const { return remaining_ms() <= 0; }

 private:
  double boot_ms_ = 0;
};

}  // namespace pgvip
