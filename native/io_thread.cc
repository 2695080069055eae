// The loop of the thread: time, sockets, and what is told.
#include "io_thread.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <string_view>

#include "attempt.h"
#include "sock_diag.h"

namespace pgvip {

namespace {

constexpr int kRealtimePriority = 10;
// Noticed later than this, a lease's end means that this thread itself stood still: others have moved on since.
constexpr double kLateMs = 300;
constexpr double kSuspendMs = 250;
constexpr double kTroubleIntervalMs = 1000;
constexpr double kIdleMs = 1000;
constexpr int kRenewalsPerRound = 8;
// After a dump that failed: until the next one the thread knows the host as it was.
constexpr double kSnapshotRetryMs = 100;

// Nobody waits for the outcome of those that went well.
bool is_routine(const Order& order) {
  return std::holds_alternative<order::Renew>(order.what) || std::holds_alternative<order::ExpectAdverts>(order.what) ||
         std::holds_alternative<order::HeedAdverts>(order.what);
}

}  // namespace

IoThread::IoThread(std::shared_ptr<EventQueue> events)
    : events_(std::move(events)),
      epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      wake_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      exchanges_([this](int fd, std::uint32_t events) { watch(fd, events); },
                 [this](event::Done done) { tell(std::move(done)); }),
      exits_([this](int fd, std::uint32_t events) { watch(fd, events); },
             [this](event::Done done) { tell(std::move(done)); }),
      suspended_ms_(Instant::now().suspended_ms()) {
  watch(timer_.get());
  watch(wake_.get());
  watch(monitor_.fd());
  thread_ = std::thread([this] { run(); });
  sched_param parameters{};
  parameters.sched_priority = kRealtimePriority;
  realtime_ = ::pthread_setschedparam(thread_.native_handle(), SCHED_FIFO, &parameters) == 0;
}

IoThread::~IoThread() { close(); }

void IoThread::execute(std::vector<Order> orders) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stop_) return;
    std::move(orders.begin(), orders.end(), std::back_inserter(orders_));
  }
  ::eventfd_write(wake_.get(), 1);
}

void IoThread::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  interfaces_.clear();
}

void IoThread::run() {
  ::pthread_setname_np(::pthread_self(), "pgvip-io");
  snapshot("start");
  for (;;) {
    take_orders();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
    }
    if (ready_.count(monitor_.fd()) > 0) read_monitor();
    pass_time();
    if (owed_snapshot_ && monotonic_ms() >= owed_snapshot_->due_ms) snapshot(owed_snapshot_->reason);
    exchanges_.proceed(monotonic_ms());
    exits_.proceed(monotonic_ms());
    tell_ceased(!read_sockets());
    tell_troubles();
    wait();
  }
}

void IoThread::wait() {
  arm(Instant::now());
  epoll_event ready[8];
  int count = 0;
  // A process that was stopped hears EINTR first, when it goes on, and only then of what has come meanwhile.
  do {
    count = ::epoll_wait(epoll_.get(), ready, 8, -1);
  } while (count < 0 && errno == EINTR);
  ready_.clear();
  for (int index = 0; index < count; ++index) {
    std::uint64_t ignored = 0;
    const int fd = ready[index].data.fd;
    // Timer and wake-up are level-triggered: reading them makes them quiet.
    if (fd == timer_.get() || fd == wake_.get()) {
      (void)!::read(fd, &ignored, sizeof(ignored));
    } else {
      ready_.insert(fd);
    }
  }
}

void IoThread::take_orders() {
  std::vector<Order> orders;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    orders.swap(orders_);
  }
  for (const auto& order : orders) {
    carry_out(order);
    holdings_due_ms_ = 0;
    // Changes nothing on the host, and takes no time.
    if (is_routine(order)) continue;
    // What the order changed is told before the next one: a deletion must not look like one of what comes after it.
    read_monitor();
    // However many orders wait, a lease ends when it ends.
    pass_time();
  }
}

void IoThread::carry_out(const Order& order) {
  event::Done done;
  done.order = order.number;
  try {
    std::visit([&](const auto& what) { perform(what, &done); }, order.what);
    // The outcome of these comes when the other side has answered, or the process has ended.
    if (std::holds_alternative<order::Exchange>(order.what)) return;
    if (std::holds_alternative<order::AwaitExit>(order.what)) return;
  } catch (const SyscallError& error) {
    done.failure = error.failure();
  }
  const bool wakes = done.failure || !is_routine(order);
  events_->push({monotonic_ms(), std::move(done)}, wakes);
}

// ── time ────────────────────────────────────────────────────────────────────────────────────────────────────────────

void IoThread::pass_time() {
  auto now = Instant::now();
  check_suspend(now);
  if (now.monotonic_ms < holdings_due_ms_) return;
  for (auto next = holdings_.begin(); next != holdings_.end();) {
    auto& holding = next->second;
    if (holding.lease_ended(now)) {
      end_lease(holding);
      next = holdings_.erase(next);
      now = Instant::now();
      continue;
    }
    if (holding.advert_due(now)) {
      try {
        send_adverts(holding.plan().links, holding.plan().adverts);
      } catch (const SyscallError& error) {
        trouble(error.failure());
      }
      holding.advert_sent(now.monotonic_ms);
      now = Instant::now();
    }
    ++next;
  }
  renew_some(now);
  holdings_due_ms_ = now.monotonic_ms + kIdleMs;
  for (const auto& entry : holdings_) holdings_due_ms_ = std::min(holdings_due_ms_, entry.second.next_due_ms(now));
}

// A few in each round of the loop: a renewal takes as long as an advert, and adverts must not wait for all of them.
void IoThread::renew_some(const Instant& now) {
  const auto find_next = [&](auto from) {
    return std::find_if(from, holdings_.end(), [&](const auto& entry) { return entry.second.renewal_due(now); });
  };
  if (find_next(holdings_.begin()) == holdings_.end()) return;
  // An address that somebody has deleted must not be renewed.
  read_monitor();
  auto due = find_next(holdings_.begin());
  for (int count = 0; count < kRenewalsPerRound && due != holdings_.end(); ++count) {
    renew_kernel_lease(&due->second, now.monotonic_ms);
    due = find_next(std::next(due));
  }
}

void IoThread::arm(const Instant& now) {
  double due = holdings_due_ms_;
  if (owed_snapshot_) due = std::min(due, owed_snapshot_->due_ms);
  due = std::min({expected_.due_ms(), exits_.due_ms(exchanges_.due_ms(due)), rested_ms_});
  due = std::max(due, now.monotonic_ms + 0.001);
  // A timer that goes off too early costs less than one that is set anew with each advert.
  if (armed_ms_ > now.monotonic_ms && armed_ms_ <= due) return;
  armed_ms_ = due;
  itimerspec timer{};
  timer.it_value.tv_sec = static_cast<time_t>(due / 1e3);
  timer.it_value.tv_nsec = static_cast<long>(std::fmod(due, 1e3) * 1e6);
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &timer, nullptr);
}

void IoThread::check_suspend(const Instant& now) {
  const double suspended_ms = now.suspended_ms();
  if (suspended_ms - suspended_ms_ > kSuspendMs) {
    tell(event::Suspended{suspended_ms - suspended_ms_});
    // Leases went on meanwhile.
    holdings_due_ms_ = 0;
  }
  suspended_ms_ = suspended_ms;
}

// Nobody renewed: let go alone. Too late to say so, only the address goes: peers have moved on, and nothing that this
// host says now would help them.
void IoThread::end_lease(const Holding& holding) {
  const auto& plan = holding.plan();
  event::LeaseEnded ended;
  ended.holding = plan.holding;
  ended.lease_until_ms = plan.lease_until_ms;
  ended.silent = holding.overdue_ms() > kLateMs;
  remove_addresses(plan.links, plan.addresses, plan.destroy_sockets && !ended.silent, &ended.sockets_destroyed,
                   &ended.failure);
  if (ended.silent && plan.destroy_sockets) {
    // The sessions end here too, but only now: without the address no RST can leave.
    for (const auto& address : plan.addresses) {
      ended.sockets_destroyed += destroy_sockets(address.address, &ended.failure);
    }
  }
  if (!ended.silent) attempt(&ended.failure, [&] { send_adverts(plan.links, plan.resignations); });
  tell(std::move(ended));
}

void IoThread::renew_kernel_lease(Holding* holding, double now_ms) {
  holding->renewed(now_ms);
  if (!all_present(holding->plan())) return;
  try {
    put_addresses(*holding);
  } catch (const SyscallError& error) {
    trouble(error.failure());
  }
}

// ── what the kernel tells ───────────────────────────────────────────────────────────────────────────────────────────

void IoThread::read_monitor() {
  const auto result = monitor_.read(
      [this](bool present, const LinkState& link) {
        // Sockets of a removed interface are dead, even when it comes back under its old name.
        if (!present) {
          interfaces_.erase(link.if_index);
          expected_.forget(link.if_index);
        }
        tell(event::Link{present, link});
      },
      [this](bool present, const AddressState& state) { note_address(present, state); });
  if (result != RouteMonitor::Result::overrun) return;
  // What still waits is older than the dump that is to come.
  while (monitor_.read([](bool, const LinkState&) {}, [](bool, const AddressState&) {}) ==
         RouteMonitor::Result::overrun) {
  }
  snapshot("overrun");
}

// Each renewal of a lease is announced by the kernel as a new address: only real changes are passed on.
void IoThread::note_address(bool present, const AddressState& state) {
  const std::string key = key_of(state.if_index, state.address, state.prefix_length);
  const auto known = known_.find(key);
  if (present) {
    const bool same = known != known_.end() && known->second.flags == state.flags && known->second.label == state.label;
    known_.insert_or_assign(key, state);
    if (same) return;
  } else {
    if (known == known_.end()) return;
    known_.erase(known);
    for (auto& entry : holdings_) {
      auto& holding = entry.second;
      if (holding.plan().has(state.if_index, state.address, state.prefix_length)) holding.suspend_renewal();
    }
  }
  tell(event::AddressChange{present, state});
}

// Brings what is known in line with a dump. Each difference is told like any other change: a deletion whose message was
// lost is a deletion all the same.
void IoThread::note_all(const std::vector<AddressState>& addresses) {
  std::set<std::string> found;
  for (const auto& state : addresses) found.insert(key_of(state.if_index, state.address, state.prefix_length));
  const auto before = known_;
  for (const auto& entry : before) {
    if (found.count(entry.first) == 0) note_address(false, entry.second);
  }
  for (const auto& state : addresses) note_address(true, state);
}

void IoThread::snapshot(const char* reason) {
  owed_snapshot_.reset();
  try {
    event::Snapshot all;
    all.reason = reason;
    all.links = requests_.links();
    all.addresses = requests_.addresses();
    if (std::string_view(all.reason) == "start") {
      for (const auto& state : all.addresses)
        known_.insert_or_assign(key_of(state.if_index, state.address, state.prefix_length), state);
    } else {
      note_all(all.addresses);
    }
    tell(std::move(all));
  } catch (const SyscallError& error) {
    trouble(error.failure());
    owed_snapshot_ = {reason, monotonic_ms() + kSnapshotRetryMs};
  }
}

// ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────────────

void IoThread::tell(decltype(Event::what) what) { events_->push({monotonic_ms(), std::move(what)}); }

// The same trouble again and again is one event with a count.
void IoThread::trouble(const Failure& failure) {
  auto& entry = troubles_[failure.call + failure.errno_name + failure.detail];
  entry.count = entry.failure.call.empty() ? 1 : entry.count + 1;
  entry.failure = failure;
}

void IoThread::tell_troubles() {
  const double now = monotonic_ms();
  if (troubles_.empty() || now - troubles_told_ms_ < kTroubleIntervalMs) return;
  troubles_told_ms_ = now;
  for (auto& entry : troubles_) tell(std::move(entry.second));
  troubles_.clear();
}

}  // namespace pgvip
