// The names are those of FIPS 180-4, section 6.2.2.
#include "sha256.h"

#include <algorithm>

namespace pgvip {

namespace {

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
constexpr std::array<std::uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::uint8_t kInnerPad = 0x36;
constexpr std::uint8_t kOuterPad = 0x5c;
// The length in bits ends the last block.
constexpr std::size_t kLengthOffset = Sha256::kBlock - 8;

std::uint32_t rotr(std::uint32_t value, unsigned count) { return (value >> count) | (value << (32U - count)); }

std::uint32_t word(const std::uint8_t* bytes) {
  return (std::uint32_t{bytes[0]} << 24U) | (std::uint32_t{bytes[1]} << 16U) | (std::uint32_t{bytes[2]} << 8U) |
         bytes[3];
}

}  // namespace

void Sha256::update(const std::uint8_t* data, std::size_t size) {
  std::size_t filled = size_ % kBlock;
  size_ += size;
  while (size > 0) {
    const std::size_t count = std::min(size, kBlock - filled);
    std::copy_n(data, count, pending_.begin() + static_cast<std::ptrdiff_t>(filled));
    data += count;
    size -= count;
    filled += count;
    if (filled < kBlock) return;
    compress(pending_.data());
    filled = 0;
  }
}

Sha256::Digest Sha256::finish() {
  const std::uint64_t bits = size_ * 8;
  const std::uint8_t one = 0x80;
  const std::uint8_t zero = 0;
  update(&one, 1);
  while (size_ % kBlock != kLengthOffset) update(&zero, 1);
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    const auto byte = static_cast<std::uint8_t>(bits >> (shift - 8));
    update(&byte, 1);
  }
  Digest digest;
  for (std::size_t index = 0; index < kDigest; ++index) {
    digest[index] = static_cast<std::uint8_t>(state_[index / 4] >> (24 - index % 4 * 8));
  }
  return digest;
}

void Sha256::compress(const std::uint8_t* block) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = word(block + t * 4);
  for (std::size_t t = 16; t < 64; ++t) {
    const std::uint32_t sigma0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3U);
    const std::uint32_t sigma1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10U);
    w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const std::uint32_t choice = (e & f) ^ (~e & g);
    const std::uint32_t t1 = h + sum1 + choice + kRound[t] + w[t];
    const std::uint32_t sum0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
    const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    const std::uint32_t t2 = sum0 + majority;
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> working = {a, b, c, d, e, f, g, h};
  for (std::size_t index = 0; index < state_.size(); ++index) state_[index] += working[index];
}

HmacSha256::HmacSha256(const std::uint8_t* key, std::size_t size) {
  if (size > key_.size()) {
    Sha256 shortened;
    shortened.update(key, size);
    const auto digest = shortened.finish();
    std::copy(digest.begin(), digest.end(), key_.begin());
  } else {
    std::copy_n(key, size, key_.begin());
  }
  auto padded = key_;
  for (auto& byte : padded) byte ^= kInnerPad;
  inner_.update(padded.data(), padded.size());
}

Sha256::Digest HmacSha256::finish() {
  auto padded = key_;
  for (auto& byte : padded) byte ^= kOuterPad;
  const auto digest = inner_.finish();
  Sha256 outer;
  outer.update(padded.data(), padded.size());
  outer.update(digest.data(), digest.size());
  return outer.finish();
}

}  // namespace pgvip
