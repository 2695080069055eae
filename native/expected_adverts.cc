// What was expected of whom, since when it was last heard, and how much was not told.
#include "expected_adverts.h"

#include <algorithm>

namespace pgvip {

namespace {

// Both versions have the virtual router ID in their second byte.
constexpr std::size_t kVridOffset = 1;

bool is_like(const event::Advert& advert, const order::ExpectAdverts& what) {
  return advert.pdu == what.pdu && advert.ttl == what.ttl && advert.destination == what.destination;
}

}  // namespace

void ExpectedAdverts::expect(const order::ExpectAdverts& what, double now_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& sources = expected_[{what.if_index, what.pdu[kVridOffset]}];
  auto found =
      std::find_if(sources.begin(), sources.end(), [&](const Expected& one) { return one.what.source == what.source; });
  if (found == sources.end()) found = sources.insert(found, Expected{});
  *found = {what, now_ms, now_ms + what.silence_ms};
  due_ms_ = std::min(due_ms_, found->silent_at_ms);
}

void ExpectedAdverts::heed(int if_index, std::uint8_t router_id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  expected_.erase({if_index, router_id});
}

std::optional<double> ExpectedAdverts::heard_ms(int if_index, std::uint8_t router_id, const Address& source) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto group = expected_.find({if_index, router_id});
  if (group == expected_.end()) return std::nullopt;
  for (const auto& one : group->second) {
    if (one.what.source == source) return one.heard_ms;
  }
  return std::nullopt;
}

void ExpectedAdverts::forget(int if_index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  expected_.erase(expected_.lower_bound({if_index, 0}), expected_.lower_bound({if_index + 1, 0}));
}

bool ExpectedAdverts::overlooks(event::Advert* advert, double now_ms) {
  if (advert->pdu.size() <= kVridOffset) return false;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto group = expected_.find({advert->if_index, advert->pdu[kVridOffset]});
  if (group == expected_.end()) return false;
  auto& sources = group->second;
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [&](const Expected& one) { return one.what.source == advert->source; });
  if (found == sources.end()) return false;
  if (is_like(*advert, found->what) && now_ms < found->what.until_ms) {
    ++found->untold;
    found->heard_ms = now_ms;
    found->silent_at_ms = now_ms + found->what.silence_ms;
    return true;
  }
  advert->untold = found->untold;
  sources.erase(found);
  return false;
}

std::vector<event::AdvertsCeased> ExpectedAdverts::ceased(double now_ms, double grace_ms) {
  std::vector<event::AdvertsCeased> silent;
  if (now_ms < due_ms_) return silent;
  const std::lock_guard<std::mutex> lock(mutex_);
  due_ms_ = std::numeric_limits<double>::infinity();
  for (auto& [key, sources] : expected_) {
    for (auto next = sources.begin(); next != sources.end();) {
      if (now_ms < next->silent_at_ms + grace_ms) {
        due_ms_ = std::min(due_ms_, next->silent_at_ms);
        ++next;
        continue;
      }
      silent.push_back({key.first, next->what.source, static_cast<std::uint8_t>(key.second), next->untold});
      next = sources.erase(next);
    }
  }
  return silent;
}

}  // namespace pgvip
