// One VIP group that is held: its plan, its cadence and its leases. Knows when something is due, does no I/O.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "clock.h"
#include "messages.h"

namespace pgvip {

class Holding {
 public:
  Holding(HoldingPlan plan, double now_ms) : plan_(std::move(plan)), next_advert_ms_(first_beat_ms(now_ms)) {
    set_leases(plan_.lease_until_ms, plan_.right_until_ms);
    renewed(now_ms);
  }

  [[nodiscard]] const HoldingPlan& plan() const { return plan_; }

  void set_leases(double lease_until_ms, double right_until_ms) {
    plan_.lease_until_ms = lease_until_ms;
    plan_.right_until_ms = right_until_ms;
    lease_ = BootDeadline(lease_until_ms);
    right_ = BootDeadline(right_until_ms);
  }
  void set_adverts(std::vector<AdvertPacket> adverts, double now_ms) {
    plan_.adverts = std::move(adverts);
    next_advert_ms_ = first_beat_ms(now_ms);
  }
  // Somebody else removed the address: renewing it would bring it back behind the core's back.
  void suspend_renewal() { next_renewal_ms_ = kNever; }

  [[nodiscard]] bool lease_ended() const { return lease_ended(Instant::now()); }
  [[nodiscard]] bool lease_ended(const Instant& now) const { return lease_.remaining_ms(now) <= 0; }
  // How long ago the lease ended; more than a little means that this thread itself stood still.
  [[nodiscard]] double overdue_ms() const { return -lease_.remaining_ms(); }
  [[nodiscard]] bool advert_due(const Instant& now) const { return now.monotonic_ms >= next_advert_ms_; }
  // Whether the kernel's lease should be renewed by a thread that is awake anyway: early is as good as in time.
  [[nodiscard]] bool renewal_due(const Instant& now) const {
    return now.monotonic_ms >= next_renewal_ms_ - kTogetherMs;
  }

  // Stays on the cadence: after a stall adverts are skipped, not sent in a burst.
  void advert_sent(double now_ms) {
    const double interval = plan_.advert_interval_ms;
    next_advert_ms_ += interval * std::max(1.0, std::ceil((now_ms - next_advert_ms_) / interval));
    if (next_advert_ms_ <= now_ms) next_advert_ms_ = now_ms + interval;
  }
  void renewed(double now_ms) {
    next_renewal_ms_ = plan_.kernel_lease_s == 0 ? kNever : now_ms + plan_.kernel_lease_s * 1e3 / kRenewalsPerLease;
  }

  // IFA_CACHEINFO lifetime that fits before the right's end; none = the address must be left to run out.
  [[nodiscard]] std::optional<std::uint32_t> kernel_lifetime_s() const {
    if (plan_.kernel_lease_s == 0) return 0;
    const double fits_s = std::floor(right_.remaining_ms() / 1e3);
    if (fits_s < 1) return std::nullopt;
    return static_cast<std::uint32_t>(std::min<double>(plan_.kernel_lease_s, fits_s));
  }

  [[nodiscard]] double next_due_ms(const Instant& now) const {
    return std::min({next_advert_ms_, next_renewal_ms_, now.monotonic_ms + lease_.remaining_ms(now)});
  }

 private:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr double kRenewalsPerLease = 4;
  // As many renewals are made together as fall into this time, which is little beside a lease of a second.
  static constexpr double kTogetherMs = 10;
  // Adverts leave at instants that all holdings with this interval share, so that hundreds of them wake the thread up
  // no oftener than this. They are many, because those that share one leave one after the other.
  static constexpr double kBeatsPerInterval = 20;

  // One interval from now, or up to a beat earlier: nobody waits longer for an advert than its interval.
  [[nodiscard]] double first_beat_ms(double now_ms) const {
    const double beat_ms = plan_.advert_interval_ms / kBeatsPerInterval;
    return std::floor((now_ms + plan_.advert_interval_ms) / beat_ms) * beat_ms;
  }

  HoldingPlan plan_;
  BootDeadline lease_;
  BootDeadline right_;
  double next_advert_ms_;
  double next_renewal_ms_ = kNever;
};

}  // namespace pgvip
