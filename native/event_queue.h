// Events on their way to JavaScript: bounded for what strangers can send, unbounded for what we owe.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "messages.h"

namespace pgvip {

// How many packets of one kind may pass in a span of time. A flood beyond that costs JavaScript nothing, so that it
// still renews its leases and hears Patroni; in what passes, each sender has the share that it sends.
class PacketBudget {
 public:
  bool spend(double at_ms) {
    if (at_ms - since_ms_ >= kSpanMs) {
      since_ms_ = at_ms;
      spent_ = 0;
    }
    return ++spent_ <= kPackets;
  }

 private:
  // 2000 a second: many times what the adverts of all groups of a host amount to.
  static constexpr double kSpanMs = 50;
  static constexpr int kPackets = 100;

  double since_ms_ = 0;
  int spent_ = 0;
};

class EventQueue {
 public:
  // `wake` is called when the queue was empty; it must not block.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void push(Event event) {
    bool first = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const bool advert = std::holds_alternative<event::Advert>(event.what);
      const bool frame = std::holds_alternative<event::NeighborFrame>(event.what);
      if (advert || frame) {
        if (packets_ >= kMaxPackets || !(advert ? adverts_ : frames_).spend(event.at_ms)) {
          ++dropped_;
          return;
        }
        ++packets_;
      }
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) wake_();
  }

  // All events so far, in order. What was dropped is told last, once in a while.
  [[nodiscard]] std::vector<Event> take(double now_ms) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> events;
    events.swap(events_);
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
  std::size_t packets_ = 0;
  PacketBudget adverts_;
  PacketBudget frames_;
  std::uint32_t dropped_ = 0;
  double told_ms_ = 0;
};

}  // namespace pgvip
