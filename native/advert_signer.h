// Signs adverts in the moment in which they leave: time, counter and HMAC of the trailer behind the PDU
// (draft-cassen-vrrp-auth-hmac; src/wire/advert-trailer.ts has its layout). Here and not in JavaScript, because the
// thread sends adverts alone while a lease runs, and a resignation when it ends.
#pragma once

#include <ctime>
#include <map>
#include <tuple>

#include "messages.h"

namespace pgvip {

class AdvertSigner {
 public:
  // The packet's bytes as they leave at `now` (CLOCK_REALTIME); without signing they are as given.
  [[nodiscard]] Bytes emit(int if_index, const AdvertPacket& packet, const timespec& now);

 private:
  // Interface, family and virtual router ID: to its receivers each of these is a sender of its own.
  using Sender = std::tuple<int, Family, std::uint8_t>;

  // Seconds, fraction and counter as one number that grows with every advert of the sender.
  std::uint64_t next_sequence(const Sender& sender, std::uint32_t window_s, const timespec& now);

  std::map<Sender, std::uint64_t> last_;
};

}  // namespace pgvip
