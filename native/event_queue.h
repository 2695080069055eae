// Events on their way to JavaScript: bounded for what strangers can send, unbounded for what we owe.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "messages.h"
#include "packet_budget.h"

namespace pgvip {

class EventQueue {
 public:
  // `wake` is called when there is something to take, once; it must not block.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // `wakes`: JavaScript should come and take it now. Otherwise it waits for what does.
  void push(Event event, bool wakes = true) {
    bool wake = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto* advert = std::get_if<event::Advert>(&event.what);
      if (advert != nullptr || std::holds_alternative<event::NeighborFrame>(event.what)) {
        const bool passes = advert != nullptr ? adverts_.spend(*advert, event.at_ms) : frames_.spend(event.at_ms);
        if (packets_ >= kMaxPackets || !passes) {
          ++dropped_;
          return;
        }
        ++packets_;
      }
      events_.push_back(std::move(event));
      wake = wakes && !awaited_;
      awaited_ = awaited_ || wakes;
    }
    if (wake) wake_();
  }

  // All events so far, in order. What was dropped is told last, once in a while.
  [[nodiscard]] std::vector<Event> take(double now_ms) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> events;
    events.swap(events_);
    awaited_ = false;
    packets_ = 0;
    if (dropped_ > 0 && now_ms - told_ms_ >= kTellMs) {
      told_ms_ = now_ms;
      events.push_back({now_ms, event::Overflow{std::exchange(dropped_, 0)}});
    }
    return events;
  }

 private:
  // When JavaScript stands still, this bounds the memory.
  static constexpr std::size_t kMaxPackets = 1024;
  static constexpr double kTellMs = 1000;

  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Event> events_;
  // Whether JavaScript has been woken and has not come yet.
  bool awaited_ = false;
  std::size_t packets_ = 0;
  AdvertBudget adverts_;
  FrameBudget frames_;
  std::uint32_t dropped_ = 0;
  double told_ms_ = 0;
};

}  // namespace pgvip
