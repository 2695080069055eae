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

// Now on both clocks. To read them costs as much as to look at ten holdings, so a look at all of them reads them once.
struct Instant {
  double monotonic_ms;
  double boottime_ms;

  static Instant now() { return {pgvip::monotonic_ms(), pgvip::boottime_ms()}; }
  // How long the machine was suspended since it booted.
  [[nodiscard]] double suspended_ms() const { return boottime_ms - monotonic_ms; }
};

// An instant given on the monotonic clock, kept on the boot clock.
class BootDeadline {
 public:
  BootDeadline() = default;
  explicit BootDeadline(double monotonic) : boot_ms_(monotonic + Instant::now().suspended_ms()) {}

  [[nodiscard]] double remaining_ms() const { return remaining_ms(Instant::now()); }
  [[nodiscard]] double remaining_ms(const Instant& now) const { return boot_ms_ - now.boottime_ms; }

 private:
  double boot_ms_ = 0;
};

}  // namespace pgvip
