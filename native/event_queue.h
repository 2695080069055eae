// Events on their way to JavaScript: bounded for what strangers can send, unbounded for what we owe.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "messages.h"

namespace pgvip {

class EventQueue {
 public:
  // `wake` is called when the queue was empty; it must not block.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void push(Event event) {
    bool first = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const bool packet =
          std::holds_alternative<event::Advert>(event.what) || std::holds_alternative<event::NeighborFrame>(event.what);
      if (packet && packets_ >= kMaxPackets) {
        ++dropped_;
        return;
      }
      if (packet) ++packets_;
      first = events_.empty();
      events_.push_back(std::move(event));
    }
    if (first) wake_();
  }

  // All events so far, in order; what was dropped meanwhile is told last.
  [[nodiscard]] std::vector<Event> take(double now_ms) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> events;
    events.swap(events_);
    packets_ = 0;
    if (dropped_ > 0) events.push_back({now_ms, event::Overflow{std::exchange(dropped_, 0)}});
    return events;
  }

 private:
  static constexpr std::size_t kMaxPackets = 1024;

  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Event> events_;
  std::size_t packets_ = 0;
  std::uint32_t dropped_ = 0;
};

}  // namespace pgvip
