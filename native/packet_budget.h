// How much of what strangers can send reaches JavaScript, which must go on renewing its leases and hearing Patroni in
// any flood. Two needs meet here: a bound for all, and a peer that is heard whatever others send.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "messages.h"

namespace pgvip {

// Tokens that come back at a steady pace, up to a burst.
class Bucket {
 public:
  Bucket(double per_second, double burst) : per_ms_(per_second / 1e3), burst_(burst), tokens_(burst) {}

  bool spend(double now_ms) {
    tokens_ = std::min(burst_, tokens_ + per_ms_ * std::max(0.0, now_ms - at_ms_));
    at_ms_ = now_ms;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_ms_;
  double burst_;
  double tokens_;
  double at_ms_ = 0;
};

// Of each router ID, a few senders have a budget of their own, which no other can spend. Who has sent twice is known
// and stays so until it is silent; the others share one budget, and only they make room for each other.
class AdvertBudget {
 public:
  bool spend(const event::Advert& advert, double now_ms) {
    const int router_id = advert.pdu.size() > kVridOffset ? advert.pdu[kVridOffset] : -1;
    auto& senders = senders_[{advert.if_index, router_id}];
    auto sender =
        std::find_if(senders.begin(), senders.end(), [&](const Sender& one) { return one.address == advert.source; });
    if (sender != senders.end()) {
      sender->heard_again = true;
    } else {
      if (!newcomers_.spend(now_ms)) return false;
      sender = admit(&senders, advert.source, now_ms);
      if (sender == senders.end()) return true;
    }
    sender->heard_ms = now_ms;
    // What does not pass takes nothing from the others.
    return sender->bucket.spend(now_ms) && all_.spend(now_ms);
  }

 private:
  static constexpr std::size_t kVridOffset = 1;
  // As many as the core remembers.
  static constexpr std::size_t kSenders = 16;
  // Twice as many as at the shortest interval, 10 ms (RFC 9568 section 5.2.7): signed ones must still come through
  // among some that are forged in the same name.
  static constexpr double kSenderPerSecond = 200;
  static constexpr double kSenderBurst = 50;
  static constexpr double kNewPerSecond = 100;
  static constexpr double kNewBurst = 1024;
  // All router IDs of two peers, each 100 ms; a third of what JavaScript can bear.
  static constexpr double kAllPerSecond = 6'000;
  static constexpr double kAllBurst = 1024;
  static constexpr double kSilentMs = 10'000;

  struct Sender {
    Address address;
    double heard_ms = 0;
    bool heard_again = false;
    Bucket bucket{kSenderPerSecond, kSenderBurst};
  };
  using Senders = std::vector<Sender>;

  // In the place of the one that was silent for longest, of those who are not known. The end: there is none.
  static Senders::iterator admit(Senders* senders, const Address& address, double now_ms) {
    if (senders->size() < kSenders) return senders->insert(senders->end(), Sender{address, now_ms});
    const auto oldest = std::min_element(senders->begin(), senders->end(), [&](const Sender& one, const Sender& other) {
      return std::pair(is_known(one, now_ms), one.heard_ms) < std::pair(is_known(other, now_ms), other.heard_ms);
    });
    if (is_known(*oldest, now_ms)) return senders->end();
    *oldest = Sender{address, now_ms};
    return oldest;
  }

  static bool is_known(const Sender& sender, double now_ms) {
    return sender.heard_again && now_ms - sender.heard_ms < kSilentMs;
  }

  std::map<std::pair<int, int>, Senders> senders_;
  Bucket newcomers_{kNewPerSecond, kNewBurst};
  Bucket all_{kAllPerSecond, kAllBurst};
};

// Of frames about our VIPs there are few in peace: each is a claim, or somebody's question answered. The burst is for a
// peer that announces the VIPs of all its groups at once. Of many claims one is enough, since Patroni decides.
class FrameBudget {
 public:
  bool spend(double now_ms) { return bucket_.spend(now_ms); }

 private:
  Bucket bucket_{200, 512};
};

}  // namespace pgvip
