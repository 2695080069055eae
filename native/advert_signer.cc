// What is signed: a pseudo-header, the PDU with a checksum of zero, and the trailer with an HMAC of zeros.
#include "advert_signer.h"

#include <algorithm>

#include "sha256.h"

namespace pgvip {

namespace {

constexpr std::size_t kChecksum = 6;
constexpr std::size_t kPseudoHeader = 20;
constexpr std::size_t kHmac = 16;
// Into the trailer: what stands before it was given with the packet.
constexpr std::size_t kSequence = 4;
constexpr std::int64_t kNanoseconds = 1000 * 1000 * 1000;

void put_big_endian(std::uint64_t value, std::uint8_t* to, std::size_t size) {
  for (std::size_t index = 0; index < size; ++index) {
    to[index] = static_cast<std::uint8_t>(value >> ((size - 1 - index) * 8));
  }
}

// The counter starts at zero in each tick of the fraction.
std::uint64_t sequence_at(const timespec& now) {
  const auto fraction = static_cast<std::uint64_t>((now.tv_nsec << 16) / kNanoseconds);
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(now.tv_sec)) << 32U) | (fraction << 16U);
}

// The order of RFC 1982, so that the field may wrap around.
bool is_after(std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(a - b) > 0; }

Sha256::Digest hmac_of(const AdvertPacket& packet, const Bytes& bytes) {
  const auto& source = packet.source;
  std::uint8_t pseudo_header[kPseudoHeader] = {};
  pseudo_header[0] = source.family == Family::ipv4 ? 4 : 6;
  pseudo_header[1] = static_cast<std::uint8_t>(bytes[0] >> 4U);
  pseudo_header[2] = bytes[1];
  std::copy_n(source.bytes, source.size(), pseudo_header + 4);
  const std::uint8_t zeros[kHmac] = {};
  HmacSha256 hmac(packet.signing->key.data(), packet.signing->key.size());
  hmac.update(pseudo_header, kPseudoHeader);
  hmac.update(bytes.data(), kChecksum);
  hmac.update(zeros, 2);
  hmac.update(bytes.data() + kChecksum + 2, bytes.size() - kChecksum - 2 - kHmac);
  hmac.update(zeros, kHmac);
  return hmac.finish();
}

// RFC 1624: the words that were zero are added to a checksum that is right without them.
void add_to_checksum(Bytes* bytes, std::size_t from) {
  std::uint32_t sum = static_cast<std::uint16_t>(~(((*bytes)[kChecksum] << 8U) | (*bytes)[kChecksum + 1]));
  for (std::size_t index = from; index < bytes->size(); index += 2) {
    sum += static_cast<std::uint32_t>(((*bytes)[index] << 8U) | (*bytes)[index + 1]);
  }
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  put_big_endian(static_cast<std::uint16_t>(~sum), bytes->data() + kChecksum, 2);
}

}  // namespace

Bytes AdvertSigner::emit(int if_index, const AdvertPacket& packet, const timespec& now) {
  Bytes bytes = packet.pdu;
  if (!packet.signing) return bytes;
  const std::size_t trailer = bytes.size() - kSigningTrailer;
  const Sender sender{if_index, packet.source.family, bytes[1]};
  put_big_endian(next_sequence(sender, packet.signing->window_s, now), bytes.data() + trailer + kSequence, 8);
  const auto digest = hmac_of(packet, bytes);
  std::copy_n(digest.begin(), kHmac, bytes.end() - kHmac);
  // Over IPv4 the checksum covers the PDU alone, over IPv6 the whole payload.
  if (packet.source.family == Family::ipv6) add_to_checksum(&bytes, trailer + kSequence);
  return bytes;
}

std::uint64_t AdvertSigner::next_sequence(const Sender& sender, std::uint32_t window_s, const timespec& now) {
  const std::uint64_t clock = sequence_at(now);
  const auto found = last_.try_emplace(sender, clock);
  auto& last = found.first->second;
  if (found.second) return last;
  // After a clock was set back by more than the window, what grows on would be too far in the future for every
  // receiver.
  const auto ahead_s =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(last >> 32U) - static_cast<std::uint32_t>(clock >> 32U));
  const bool stranded = ahead_s > 0 && static_cast<std::uint32_t>(ahead_s) > window_s;
  last = stranded || is_after(clock, last) ? clock : last + 1;
  return last;
}

}  // namespace pgvip
