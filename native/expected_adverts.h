// What other nodes are expected to say again and again, and whether they go on saying it. Does no I/O.
//
// A standby hears ten adverts a second and group that say what it knows. JavaScript sleeps through those, and is woken
// by one that says something else, or by silence.
#pragma once

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "messages.h"

namespace pgvip {

class ExpectedAdverts {
 public:
  void expect(const order::ExpectAdverts& what, double now_ms);
  void heed(int if_index, std::uint8_t router_id);
  // For sockets that are there no more, or are told to listen anew.
  void forget(int if_index);

  // Whether the advert may stay untold. If not, it ends what was expected of its source, and knows what was not told.
  [[nodiscard]] bool overlooks(event::Advert* advert, double now_ms);
  // Those who have been silent for too long, `grace_ms` included; each is told once.
  [[nodiscard]] std::vector<event::AdvertsCeased> ceased(double now_ms, double grace_ms);
  // When it has to be asked who ceased; may be too early, never too late.
  [[nodiscard]] double due_ms() const { return due_ms_; }

 private:
  struct Expected {
    order::ExpectAdverts what;
    double silent_at_ms;
    std::uint32_t untold = 0;
  };
  // By interface and router ID, and then by source, which are few: those that the core knows.
  std::map<std::pair<int, int>, std::vector<Expected>> expected_;
  double due_ms_ = std::numeric_limits<double>::infinity();
};

}  // namespace pgvip
